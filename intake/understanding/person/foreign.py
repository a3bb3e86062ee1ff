"""Names of other peoples in Chinese characters: 阿依古丽·买买提, 巴特尔, 次仁卓玛."""

import re
from collections.abc import Iterator

from intake.understanding.person.roles import rank_of
from intake.understanding.person.scene import CALLER, NEEDS, Candidate, Scene
from intake.understanding.person.scene import H as _H
from intake.understanding.phonetics import HAN

_JOINED = re.compile(f"(?P<name>{_H}{{1,6}}[·•・‧.]{_H}{{1,6}}(?:[·•・‧]{_H}{{1,6}})?)")
_LEAD = re.compile(
    "^.{0,3}?(?:我是|我叫|俺叫|本人是?|叫|姓名|名字是?|联系人|我妈|我爸|我奶奶|我爷爷|我老伴|是|给|帮|替|请)"
)
_TAIL = re.compile(f"(?:家里?|的|要|想|电话|老人|大叔|大爷|阿姨|大妈|奶奶|爷爷){_H}{{0,5}}$")
# Parts of Uyghur, Kazakh, Tibetan, Mongolian, Manchu and Yi names that are words of no other kind.
_PARTS = (
    "阿依古丽|古丽|阿依|买买提|吐尔逊|艾合买提|热合曼|帕提古丽|阿卜杜拉|阿不都|艾力|玉素甫|依明|古力|努尔|尼亚孜|"
    "木合塔尔|巴哈尔|沙依拉|叶尔|哈孜|赛力克|次仁|卓玛|扎西|多吉|拉姆|央金|格桑|旺堆|尼玛|达瓦|丹增|平措|洛桑|"
    "白玛|罗布|德吉|曲珍|顿珠|边巴|普布|仁青|索朗|才让|桑吉|巴特尔|乌兰|图雅|其木格|巴图|苏和|格日勒|娜仁|呼和|"
    "斯琴|高娃|萨仁|塔娜|阿拉坦|额尔|敖登|那木|朝鲁|哈斯|其其格|琪琪格|布仁|宝音|巴雅尔|巴雅|德勒|朝克图|恩和|吉雅|萨如拉|阿茹娜|苏布德|娜日|格根|敖特根|巴根|呼斯楞|图门|特木尔|铁木尔|达来|孟根|满都拉|青格勒|古楞|额尔敦|牧仁|塔拉|"
    "麦麦提|买合木提|图尔荪|艾则孜|热依汗|夏木|帕丽旦|帕提|米热|古丽娜|迪丽|热巴|吾斯曼|吾买尔|阿迪力|艾山|艾尔肯|亚森|吐逊|库尔班|赛买提|茹仙|玛依拉|依布拉音|喀斯木|沙吾提|"
    "叶尔兰|巴合提|别克|哈那提|努尔兰|米拉|加娜尔|木拉提|次旺|卓嘎|央宗|贡布|贡嘎|强巴|旦增|曲扎|嘎玛|巴桑|拉巴|米玛|格列|泽仁|康卓|尼珍|措姆|加措|曲比|阿苏|阿牛|海来|吉木|日扎|尔布|莫色|乌嘎|岩温|岩罕|岩香|岩坎|玉罕|玉香|玉应|乌云|毕力格|托娅|阿木|木呷|尔古|阿呷|吉克|沙马|阿芝|么"
)
_KNOWN = re.compile(
    f"(?:(?<![{HAN}·•・‧])|(?<=人名儿)|(?<=名字)|(?=(?:叫|我是|找))|(?<=[妈爸娘爹奶爷婆公伴姨叔舅姑姐哥弟妹子女]))(?P<lead>(?:我|他|她)?(?:叫|是)|本人|叫我|写|找|联系人|)?(?P<name>(?:{_PARTS}){{1,3}})(?:(?![{HAN}·•・‧])|(?=老人|大爷|大叔|大妈|大娘|额吉|阿爸))"
)
_SOUNDS = frozenset(
    "阿巴布察达德迪尔额敦格古哈赫吉加娜卡克拉勒雷力丽莉鲁罗玛麦买米木纳尼努帕其琪热仁萨赛莎沙斯苏塔坦特提图"
    "托娅乌夏雅亚伊依尤玉扎旺仓曲珍增措次央旦多姆琼桑顿珠毕哲朝宝音腾日朵孜肯孟恩呼和根敖登牧兰嘎艾汗旭荪逊则"
)
"""Characters with which names of other languages are written by sound."""
_LONG = re.compile(
    f"(?<![{HAN}])(?:我叫|我是|叫)?(?P<name>[{''.join(sorted(_SOUNDS))}]{{4,9}})(?![{HAN}])"
)


def foreign_names(scene: Scene) -> Iterator[Candidate]:
    """Every name with a middle dot, and those made of known parts that stand alone."""
    for match in _JOINED.finditer(scene.masked):
        if "." in match["name"]:
            continue
        yield from _joined(scene, match.start(), match.end())
    for match in _LONG.finditer(scene.masked):
        if len(set(match["name"])) >= 4 and rank_of(scene, *match.span("name")):
            yield Candidate(scene.field(match["name"], match.span("name"), 0.75), CALLER, True)
    for match in _KNOWN.finditer(scene.masked):
        if len(match["name"]) >= 2:
            span = match.span("name")
            sure = 0.96 if len(match["name"]) > 2 else 0.8
            yield Candidate(scene.field(match["name"], span, sure), CALLER, True)


def _joined(scene: Scene, start: int, end: int) -> Iterator[Candidate]:
    said = scene.plain[start:end]
    lead, tail = _LEAD.match(said), _TAIL.search(said)
    helped = bool(lead and lead.group().endswith(("妈", "爸", "奶", "爷", "伴", "给", "帮", "替")))
    start += lead.end() if lead else 0
    end -= len(tail.group()) if tail else 0
    if end - start < 3 or scene.plain[start] in "·•・‧" or scene.plain[end - 1] in "·•・‧":
        return
    if not rank_of(scene, start, end):
        return
    yield Candidate(
        scene.field(scene.plain[start:end], (start, end), 0.85), NEEDS if helped else CALLER, True
    )
