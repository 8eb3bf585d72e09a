/** Chinese names drawn by how frequent they are: surnames by share of the population, given names by character. */

/** Share of the population in hundredths of a percent, most frequent first. */
const SURNAMES =
  '王718 李718 张674 刘539 陈453 杨308 赵229 黄223 周211 吴205 徐166 孙154 胡131 朱126 高121 林118 何117 郭115 马105 罗86 ' +
  '梁84 宋81 郑78 谢72 韩68 唐65 冯64 于62 董61 萧60 程57 曹57 袁54 邓54 许54 傅51 沈50 曾50 彭49 吕47 ' +
  '苏47 卢47 蒋47 蔡46 贾42 丁42 魏42 薛42 叶41 阎41 余41 潘41 杜40 戴39 夏39 钟39 汪38 田38 任38 姜37 ' +
  '范37 方37 石36 姚36 谭36 廖35 邹35 熊34 金33 陆33 郝32 孔32 白31 崔31 康30 毛30 邱30 秦30 江29 史29 ' +
  '顾28 侯28 邵28 孟27 龙27 万26 段26 雷26 钱25 汤25 尹24 黎24 易23 常23 武22 乔22 贺21 赖21 龚20 文20 ' +
  '庞14 樊14 兰14 殷13 施13 陶13 洪13 翟12 安12 颜12 倪11 严11 牛11 温10 芦10 季10 俞10 章10 鲁9 葛9 ' +
  '伍9 韦9 申8 尤8 毕8 聂8 丛7 焦7 向7 柳7 邢7 路6 岳6 齐6 梅5 莫5 庄5 辛4 管4 祝4 左3 涂3 谷3 祁3 时3 舒3 ' +
  '耿3 牟3 卜3 欧阳8 上官2 司马1 诸葛1 皇甫1 尉迟1 仇2 单2 区1 查1 解1 盖1 覃4 訾1 逄1';

const MALE =
  '伟强军勇杰涛磊波斌刚平辉明超鹏飞华亮建国峰林龙浩宇鑫海洋志文博旭东成宁俊豪毅健凯翔晨阳瑞泽然轩昊天家庆永福生祥贵德新春立民光利武清良振荣才发忠义';
const FEMALE =
  '芳娜敏静秀丽艳霞娟玲燕红梅英萍丹洁婷雪慧莉倩琳颖佳欣怡梦雨涵萱晨蕊瑶月晴兰凤桂花珍香翠云莲真环爱琴素美淑惠巧蓉薇菲婉诗琪璐妍思彤';
const SHARED = '文子晓小玉嘉一梓若宇佳思雨春明海金志永新';

export interface WeightedTable {
  items: string[];
  sums: Float64Array;
}

function weighted(items: [string, number][]): WeightedTable {
  const sums = new Float64Array(items.length);
  let sum = 0;
  items.forEach(([, weight], index) => {
    sum += weight;
    sums[index] = sum;
  });
  return { items: items.map(([item]) => item), sums };
}

export const SURNAME_TABLE = weighted(
  SURNAMES.split(' ').map((text) => {
    const digits = text.search(/\d/);
    return [text.slice(0, digits), Number(text.slice(digits))];
  }),
);

/** Characters of given names: those at the front of the list are far more frequent. */
function characters(text: string): WeightedTable {
  return weighted([...new Set(text)].map((item, rank) => [item, 1 / (rank + 6)]));
}

export const MALE_TABLE = characters(MALE + SHARED);
export const FEMALE_TABLE = characters(FEMALE + SHARED);

/** Characters that are typed for each other because they sound the same. */
export const SOUND_ALIKE: Readonly<Record<string, string>> = Object.fromEntries(
  (
    '伟玮 玮伟 丽莉 莉丽 艳燕 燕艳 娜那 静婧 婧静 辉晖 明铭 涛韬 杰捷 华桦 建健 健建 志智 文雯 佳嘉 嘉佳 欣鑫 鑫欣 宇雨 雨宇 ' +
    '梅玫 英瑛 红虹 玲铃 芳方 洁杰 婷亭 琳林 晨辰 阳洋 洋阳 浩昊 昊浩 轩萱 萱轩 怡仪 梦孟 颖影 国果 峰锋 东冬 成城 春椿 永咏 ' +
    '张章 章张 陈程 程陈 于余 余于 徐许 魏卫 蒋姜 姜蒋 金晋 傅付 萧肖 阎闫 江姜 石时'
  )
    .split(' ')
    .map((pair) => [pair[0]!, pair[1]!]),
);
