"""Chinese surnames by frequency, and the characters that are usual in older people's names."""

from functools import lru_cache

from intake.understanding.phonetics import distance, fuzzy, syllables

# About the 300 commonest, in the order of the census of 2020, then rarer ones.
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖"
    "石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文樊殷施颜尚季庞倪鲁温耿单"
    "章葛申牛俞梅邢岳齐关包祁左柳裴聂盛焦甘戚蔺佟甄鲍欧宁柴詹游翟安路阮祝娄华凌饶管柯卓涂涂苗童辛解霍谷纪欧牟骆虞项滕欧裘卞"
    "宫缪靳蒲屈晏艾边池冀晋鄢麦车连房成曲毕苟桂席闵阎匡简应符古冷褚巩刁穆隋尤费储阳沙束景党牧窦丛岑战敖商幸车桑司和仇伍蓝谌栾"
)
COMPOUND = ("欧阳", "上官", "司马", "诸葛", "司徒", "皇甫", "令狐", "尉迟", "公孙", "慕容", "夏侯")
# Characters of given names; of those with the same sound, the commonest first.
GIVEN = (
    "英华玉秀文明兰金国红春丽云芳建军平志德林永清荣桂珍凤梅海龙淑生霞福燕忠琴洪祥成胜艳娟敏东光新强伟静萍芝香花珠翠"
    "贵宝树根山才有良发旺富昌兴全长江河泉正宏家学立万世元中大友仁义礼智信孝诚安康宁和顺如惠慧月美素雪琳洁娥菊贞娣妹巧彩银"
    "勇斌杰峰涛辉亮利民庆波鹏超飞雨桐欣怡佳子涵晨浩宇轩思雅婷颖莹倩琪瑞晓小雁鸿俊豪博毅恒坤乾柏松莲凡群青"
    "凯达启泽润森炳水土火木士之少会守业克勤俭朝阳连田书传绍广开源先进增加继承显宗祖耀武尚同心来喜贤芬茹苓玲燕蓉蕾薇冰"
    "振权运天保跃进卫革援锦绣凌乐余奎魁培焕汉怀景敬本占殿廷庭鑫磊亭彬健翔政刚权凤鸣岚媛璐瑶莎"
)
# Two-character given names that are the commonest among people born before 1970, as the census of
# names counts them; the commoner first where two sound alike.
COMMON_GIVEN = (
    "秀英 桂英 秀兰 玉兰 玉英 凤英 淑珍 玉珍 桂兰 秀珍 淑英 淑兰 桂珍 桂芳 秀芳 玉梅 "
    "玉琴 淑琴 淑芳 淑华 素珍 素英 素芳 素芬 桂芝 桂荣 桂华 秀梅 秀华 秀云 秀芝 秀琴 "
    "玉芳 玉华 玉芬 玉芝 玉荣 凤兰 凤珍 凤云 凤琴 凤霞 凤仙 凤莲 兰英 兰芳 月英 月娥 "
    "月兰 月琴 春兰 春英 春梅 春花 春香 春霞 金兰 金花 金凤 金莲 红梅 红英 红霞 美英 "
    "美兰 美华 爱华 爱珍 爱英 爱国 爱民 爱军 惠珍 惠兰 惠英 慧兰 慧珍 彩云 彩霞 彩凤 "
    "瑞兰 瑞英 瑞芳 文英 文华 文兰 文秀 雪梅 雪琴 丽华 丽萍 丽娟 小红 小英 小平 建国 "
    "建华 建军 建平 建民 建明 建中 国强 国华 国庆 国栋 国良 国平 志强 志明 志刚 志华 "
    "志国 志勇 志远 德明 德华 德福 德胜 德贵 永福 永强 永华 永明 永生 永胜 永贵 永昌 "
    "永年 大军 卫东 卫国 卫民 卫平 保国 保民 宝国 宝山 宝林 宝玉 宝贵 福生 福林 福海 "
    "福来 富贵 福贵 长林 长生 长海 长江 长河 长发 金山 金龙 金生 金海 玉山 玉林 玉龙 "
    "玉生 广生 广林 广福 庆林 庆华 庆生 树林 树生 树华 树德 树根 学文 学军 学明 学东 "
    "世杰 世昌 世英 世荣 正华 正国 正明 守义 守仁 守信 守成 振华 振国 振东 振兴 明华 "
    "明德 明亮 新民 新华 新生 俊杰 俊英 少华"
)
# Costs for a rarer character and gain for the one that was written, beside the distance in sound.
_RARITY = 0.0003
_AS_WRITTEN = 0.005
TITLES = (
    "阿姨|大妈|大娘|大爷|大叔|大伯|大婶|大姐|大哥|师傅|师父|先生|女士|小姐|老师|奶奶|爷爷|姥姥|叔叔|伯伯|婶子|婶婶|婶儿|"
    "太太|同志|医生|大夫|主任|姐|哥|叔|婶|姨|嫂子|嫂|伯|爷|奶|老太太|老爷子|老太|老汉"
)


@lru_cache(maxsize=1)
def _by_sound() -> tuple[dict[tuple[str, int], str], dict[str, str]]:
    toned: dict[tuple[str, int], str] = {}
    plain: dict[str, str] = {}
    for character in SURNAMES:
        spoken = _surname_sound(character)
        toned.setdefault(spoken, character)
        plain.setdefault(spoken[0], character)
    return toned, plain


_SURNAME_READINGS = {
    "单": ("shan", 4), "曾": ("zeng", 1), "任": ("ren", 2), "解": ("xie", 4), "翟": ("zhai", 2),
    "仇": ("qiu", 2), "华": ("hua", 4), "盛": ("sheng", 4), "覃": ("qin", 2), "尉": ("yu", 4),
}  # fmt: skip


def _surname_sound(character: str) -> tuple[str, int]:
    spoken = syllables(character)[0]
    return _SURNAME_READINGS.get(character, (spoken.sound, spoken.tone))


def is_surname(text: str) -> bool:
    """Say whether `text` is a known Chinese surname."""
    return text in COMPOUND or (len(text) == 1 and text in SURNAMES)


def surname_like(character: str, sound: str, tone: int) -> str | None:
    """Return the surname that a recognised character stands for; None if none sounds like it.

    `sound` is a toneless syllable, `tone` 1..5.
    """
    if character in SURNAMES:
        return character
    toned, plain = _by_sound()
    if (sound, tone) in toned:
        return toned[sound, tone]
    if sound in plain:
        return plain[sound]
    near = [(distance(sound, other), index, surname)
            for index, (other, surname) in enumerate(plain.items())]  # fmt: skip
    best = min(near)
    return best[2] if best[0] <= 0.1 else None


@lru_cache(maxsize=1)
def _given() -> tuple[tuple[str, int, str], ...]:
    spoken = ((syllables(character)[0], character) for character in dict.fromkeys(GIVEN))
    return tuple((item.sound, item.tone, character) for item, character in spoken)


def given_like(character: str, sound: str, tone: int) -> str:
    """Return the usual name character that sounds like a recognised one: 镇 in a name is 珍.

    `sound` is a toneless syllable, `tone` 1..5. `character` itself when no usual one is near.
    """
    costs = [
        (
            distance(sound, other)
            + (0.05 if tone != other_tone else 0.0)
            + index * _RARITY
            - (_AS_WRITTEN if usual == character else 0.0),
            index,
            usual,
        )
        for index, (other, other_tone, usual) in enumerate(_given())
    ]
    best = min(costs)
    return best[2] if best[0] <= 0.2 else character


@lru_cache(maxsize=1)
def _common_given() -> dict[tuple[str, ...], str]:
    names: dict[tuple[str, ...], str] = {}
    for folded in (False, True):
        for name in COMMON_GIVEN.split():
            sounds = tuple(fuzzy(s.sound) if folded else s.sound for s in syllables(name))
            names.setdefault(sounds, name)
    return names


def common_given_like(sounds: tuple[str, str]) -> str | None:
    """The common given name that two toneless syllables spell, exactly or folded; None if none."""
    names = _common_given()
    return names.get(sounds) or names.get((fuzzy(sounds[0]), fuzzy(sounds[1])))
