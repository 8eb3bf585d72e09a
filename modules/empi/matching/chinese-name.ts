/** What a Chinese name is made of: surname and given name, the names of newborns, and the sound. */
import { pinyin } from 'pinyin-pro';

/** Surnames of two characters that are in use; a name of three or more that starts with one has it. */
const COMPOUND_SURNAMES = new Set(
  (
    '欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 ' +
    '慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 ' +
    '轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 公仪 梁丘 公仲 公上 公门 公山 公坚 左丘 公伯 西门 公祖 第五 ' +
    '公乘 贯丘 公皙 南荣 东里 东宫 仲长 子书 子桑 即墨 达奚 褚师 吴铭 纳兰 归海 完颜 叶赫 歐陽 司馬 諸葛 東方 南宮 ' +
    '長孫 尉遲 鍾離 獨孤 單于 单于 聞人 赫連 澹臺 閭丘 軒轅'
  ).split(' '),
);

/** 王芳之子, 王芳之女, 王芳之双子甲, 李娜婴, 李娜大双: named after the mother until it has a name. */
const NEWBORN =
  /^(\p{Script=Han}{2,4}?)(?:之?(?:长|次|大|小|双|三)?(?:子|女|儿|婴)|之(?:子|女)[一二三四甲乙丙丁\dAB]|婴儿?|大双|小双)$/u;
const NEWBORN_MARK = /之(?:长|次|大|小|双|三)?(?:子|女|儿|婴)|婴|新生儿|毛毛$|大双$|小双$/;

export function isHan(text: string): boolean {
  return /\p{Script=Han}/u.test(text);
}

export interface NameParts {
  surname: string;
  givenName: string;
  /** The child has no name yet: what is written is the mother's. */
  newborn: boolean;
}

/** Takes a normalised Chinese name apart. Names with a middle dot are cut at the first one. */
export function splitChineseName(name: string): NameParts {
  if (isNewbornName(name)) return { surname: '', givenName: '', newborn: true };
  const dot = name.indexOf('·');
  if (dot > 0) {
    return { surname: name.slice(dot + 1), givenName: name.slice(0, dot), newborn: false };
  }
  const characters = [...name];
  const compound = characters.length >= 3 && COMPOUND_SURNAMES.has(characters[0]! + characters[1]!);
  const cut = compound ? 2 : 1;
  return {
    surname: characters.slice(0, cut).join(''),
    givenName: characters.slice(cut).join(''),
    newborn: false,
  };
}

export function isNewbornName(name: string): boolean {
  return NEWBORN_MARK.test(name) && (NEWBORN.test(name) || /婴|新生儿/.test(name));
}

/** The sounds of characters that were asked for: a few thousand make all names. */
const sounds = new Map<string, string>();

/** Pinyin without tones and spaces; anything that is not a Chinese character stays as it is. */
export function soundOf(text: string): string {
  let sound = '';
  for (const character of text) {
    let known = sounds.get(character);
    if (known === undefined) {
      known = isHan(character) ? pinyin(character, { toneType: 'none', v: true }) : character;
      sounds.set(character, known);
    }
    sound += known;
  }
  return sound;
}

const surnameSounds = new Map<string, string>();

/** The same with the readings that surnames have: 仇 is qiu, 单 is shan. */
export function surnameSoundOf(surname: string): string {
  let sound = surnameSounds.get(surname);
  if (sound === undefined) {
    sound = isHan(surname)
      ? pinyin(surname, { toneType: 'none', v: true, surname: 'all', type: 'array' }).join('')
      : surname;
    surnameSounds.set(surname, sound);
  }
  return sound;
}
