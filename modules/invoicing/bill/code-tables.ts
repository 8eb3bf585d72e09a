/**
 * The code tables of medical e-invoicing, as the field uses them. Hospitals map their own codes to
 * these (managed data); what stands here is what a new institution starts with.
 */

export interface CodeRow {
  code: string;
  zh: string;
  en: string;
}

/** 业务标识: what kind of business the HIS says a charge is. Decides the kind of bill. */
export const BUSINESS_TYPES: readonly CodeRow[] = [
  { code: '01', zh: '住院', en: 'Inpatient' },
  { code: '02', zh: '门诊', en: 'Outpatient' },
  { code: '03', zh: '急诊', en: 'Emergency' },
  { code: '04', zh: '门特', en: 'Outpatient special disease' },
  { code: '05', zh: '体检', en: 'Health check' },
  { code: '06', zh: '挂号', en: 'Registration' },
  { code: '07', zh: '住院预交金', en: 'Inpatient deposit' },
  { code: '08', zh: '体检预交金', en: 'Health-check deposit' },
];

/** 交费渠道: how the money came. `journal` channels are the ones whose money our own journal holds. */
export const PAY_CHANNELS: readonly (CodeRow & { journal: boolean })[] = [
  { code: '02', zh: '现金', en: 'Cash', journal: false },
  { code: '04', zh: '支付宝', en: 'Alipay', journal: false },
  { code: '05', zh: '微信', en: 'WeChat', journal: false },
  { code: '07', zh: '刷卡', en: 'Card', journal: true },
  { code: '11', zh: '医保', en: 'Medical insurance', journal: false },
  { code: '99', zh: '其他', en: 'Other', journal: false },
];

/** 医疗保险类别. */
export const INSURANCE_CLASSES: readonly CodeRow[] = [
  { code: '01', zh: '职工基本医疗保险', en: 'Employee' },
  { code: '02', zh: '城镇居民基本医疗保险', en: 'Urban resident' },
  { code: '03', zh: '新型农村合作医疗', en: 'New rural cooperative' },
  { code: '04', zh: '贫困救助', en: 'Poverty aid' },
  { code: '05', zh: '商业医疗保险', en: 'Commercial' },
  { code: '06', zh: '全公费', en: 'Full public' },
  { code: '07', zh: '全自费', en: 'Full self-pay' },
  { code: '90', zh: '城乡居民基本医疗保险', en: 'Urban and rural resident' },
  { code: '99', zh: '其他', en: 'Other' },
];

/** 收费项目类别: the lines of a bill's face. */
export const CHARGE_CLASSES: readonly CodeRow[] = [
  { code: '01', zh: '床位费', en: 'Bed' },
  { code: '02', zh: '诊察费', en: 'Consultation' },
  { code: '03', zh: '检查费', en: 'Examination' },
  { code: '04', zh: '化验费', en: 'Laboratory' },
  { code: '05', zh: '治疗费', en: 'Treatment' },
  { code: '06', zh: '手术费', en: 'Operation' },
  { code: '07', zh: '护理费', en: 'Nursing' },
  { code: '08', zh: '卫生材料费', en: 'Materials' },
  { code: '09', zh: '西药费', en: 'Western medicine' },
  { code: '10', zh: '中药饮片', en: 'Herbal slices' },
  { code: '11', zh: '中成药费', en: 'Patent medicine' },
  { code: '12', zh: '一般诊疗费', en: 'General treatment' },
  { code: '13', zh: '挂号费', en: 'Registration' },
  { code: '14', zh: '其他', en: 'Other' },
];

/** What a fiscal platform is told to do with a bill (开票类型). */
export const ISSUE_KINDS = { normal: '1', red: '2', printPaper: '3', cancelPrint: '4' } as const;

/** Currency and rate of every bill. */
export const CURRENCY = { type: 'CNY', rate: '1.00' } as const;
