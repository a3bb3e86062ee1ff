"""Life-safety words: found when somebody is in danger now, and only then."""

import pytest

from intake.understanding.safety import KINDS, read_safety
from intake.understanding.spoken_text import Heard

IN_DANGER = [
    ("medical", "我爸叫不应了"),
    ("medical", "孙子吃了我的降压药一整瓶"),
    ("medical", "他把一瓶降压药全吃了"),
    ("medical", "我这心口疼得直冒汗，左胳膊发麻，赶紧来人吧"),
    ("medical", "老头子突然不会说话了，嘴也歪到一边去了"),
    ("medical", "孩子他爷爷刚才抽过去了，牙关咬得死死的，口吐白沫"),
    ("medical", "我妈喘不上来气，脸都憋紫了"),
    ("medical", "胸闷得厉害，浑身冒冷汗"),
    ("medical", "老舅歪倒在沙发上，怎么摇都不睁眼，手脚冰凉"),
    ("medical", "她嘴唇发紫，眼睛发直，憋得说不了话"),
    ("gas", "炭火盆放屋里，娘俩头晕恶心，叫不起来"),
    ("fire", "浓烟从楼下往上灌，我们跑不出去"),
    ("self_harm", "农药就在手边，对不起你们，下辈子再还"),
    ("medical", "我老伴怎么喊都没反应，身上冰凉"),
    ("medical", "奶奶吃饭噎着了，话都说不出来"),
    ("medical", "他心脏病犯了，药也不顶用"),
    ("medical", "流了一地的血，止不住啊"),
    ("medical", "我爸昏过去了，摸着还有气儿"),
    ("medical", "我半边身子动不了了，使不上劲儿"),
    ("medical", "孩子把老鼠药喝了，快来人"),
    ("medical", "麻烦帮我叫个救护车，我站不起来"),
    ("medical", "一壶开水全浇我腿上了，烫得起了大泡"),
    ("medical", "我低血糖犯了，手抖得拿不住电话"),
    ("medical", "老伴吐了好几口血"),
    ("medical", "楼下有个老太太让电动车撞了，躺在那儿不动弹"),
    ("fall", "我在浴室滑倒了，胯骨疼得起不来"),
    ("fall", "我妈从床上滚下来了，腿动不了"),
    ("fall", "大爷踩凳子换灯泡摔下来了，头上都是血"),
    ("fall", "我摔了一跤，趴在地上半天了，够不着东西"),
    ("fall", "老太太跌倒在楼道里了，脑袋磕破了"),
    ("fire", "厨房油锅着了，火蹿得老高"),
    ("fire", "对面楼着火啦，快打119"),
    ("fire", "电表箱直冒火星子，都烧起来了"),
    ("fire", "隔壁往外冒浓烟，敲门没人应"),
    ("fire", "楼下电动车棚起火了"),
    ("gas", "一进门就闻见煤气味，呛嗓子"),
    ("gas", "燃气管子嘶嘶地漏气，我不敢开灯"),
    ("gas", "天然气好像泄漏了，满屋子都是味儿"),
    ("gas", "生炉子生的，全家头晕恶心，怕是煤气中毒"),
    ("electric", "老头子修插座让电打了，倒地上了"),
    ("electric", "有人触电了，别碰他"),
    ("electric", "电线掉在积水里了，滋滋冒火花，孩子们还在那儿走"),
    ("drowning", "有个小孩掉湖里了，快救人"),
    ("drowning", "公园那边有人溺水"),
    ("drowning", "老人掉进河里去了"),
    ("violence", "我儿子喝了酒又打我，拿着菜刀要砍人"),
    ("violence", "楼上男的往死里打他媳妇，孩子哭得不行"),
    ("violence", "有人撬我家门，我一个人不敢出声"),
    ("violence", "楼下打起来了，有人动刀子了"),
    ("missing", "我家老爷子糊涂，早上出去遛弯到现在没回来"),
    ("missing", "我妈有老年痴呆，一转眼就不见了"),
    ("missing", "老伴走丢了，手机也没带"),
    ("missing", "小孙子在广场上找不着了"),
    ("self_harm", "活着真没意思，我想一了百了"),
    ("self_harm", "我爬到楼顶上了，想跳下去"),
    ("self_harm", "我把安眠药全吞了"),
    ("self_harm", "我不想拖累儿女了，死了算了，农药就在手边"),
    ("self_harm", "我女儿割腕了"),
    ("unresponsive", "对门老太太四五天没见着人了，敲门也没人应，屋里有股味儿"),
    ("medical", "快来人呐，我家老头儿没气儿了"),
    ("medical", "我喝多了药，心里突突的"),
    ("medical", "我胳膊上划了个大口子，血哗哗的"),
    ("medical", "孩子吞了个硬币，脸都憋红了"),
    ("medical", "有个人倒在花坛边上没动静"),
    ("medical", "老太太手指头割掉了一截"),
    ("gas", "煤气阀门关不上，呲呲往外冒"),
    ("gas", "屋里暖气炉子熏着了，头疼想吐"),
    ("violence", "家里进贼了，还在屋里"),
    ("violence", "老公打我，我躲在厕所里"),
    ("self_harm", "我站在桥上，不想回去了"),
    ("self_harm", "今天就是最后一天了，我写好遗书了"),
    ("fire", "电饭锅冒火星子着起来了"),
    ("missing", "Grandpa is lost, he has Alzheimer's"),
    ("medical", "My husband has chest pain and he is sweating"),
    ("fall", "I fell in the bathroom and I can't get up"),
    ("gas", "I smell gas in the kitchen"),
    ("fire", "There's smoke coming from the flat next door"),
    ("missing", "My father has dementia and he wandered off this morning"),
    ("self_harm", "I don't want to live any more"),
    ("medical", "She is unconscious, please hurry"),
    ("drowning", "A boy fell into the river"),
    ("violence", "My son is hitting me, he has a knife"),
]
HEARD_WRONGLY = [
    ("drowning", "有人在水里铺腾"),
    ("fire", "找火了找火了,三楼往外冒黑盐"),
    ("medical", "我穿不上气,胸口疼得厉害"),
    ("medical", "他传不上气了"),
    ("self_harm", "我不想货了"),
    ("gas", "一屋子没气味熏得头晕"),
    ("gas", "屋里有没机位儿,快来看看"),
]
NO_DANGER = [
    "孩子吃了药，每天一片，还要再配",
    "这瓶药都吃完了，再给我配点",
    "我朋友的孩子走失多年了",
    "这道题把我孙子绕晕了",
    "门口的贩卖机吞了我两个硬币",
    "The signal keeps dropping every few minutes",
    "掉下来的水管砸了我的花",
    "我说他两句他就翻白眼",
    "那儿有人掉下去过，拦了绳子了",
    "我不想吵，想走司法程序",
    "单子在鞋架上，钱压在底下",
    "上个月我老伴摔倒了，现在想找个康复师",
    "前年得过脑梗，现在恢复得挺好，想量个血压",
    "电视里说煤气泄漏很危险，我想请人来检查检查管子",
    "听说隔壁小区着火了，我们楼的灭火器是不是该换了",
    "要是我在家摔倒了可怎么办，你们有没有那种报警器",
    "我怕摔倒，想在厕所装个扶手",
    "这孩子气死我了，天天打游戏",
    "热死了，空调不制冷",
    "笑死我了，这个师傅真逗",
    "燃气灶打不着火，换个电池就行",
    "没有煤气味，就是灶打不着",
    "去年我爸从楼梯上摔下来，腿一直没好利索，想找人陪着复查",
    "消防演习是哪天",
    "想问问急救知识讲座什么时候开",
    "楼上天天吵得我要疯了",
    "我家猫走丢了，能不能帮忙贴个告示",
    "钥匙找不着了，帮我开个锁",
    "手机掉水里了，还能修吗",
    "老婆被电动车撞了，对方不赔医药费，想找律师",
    "孩子他姑今年摔了腰，出院以后走路慢，要个轮椅",
    "救命啊，蟑螂满厨房跑",
    "有人从窗户往下扯电线给电动车充电",
    "鸡汤洒了一地，换个人送",
    "真要着火了谁也跑不出去，楼道的纸箱清一清",
    "手机没反应了，按哪儿都不动",
    "门铃按了没反应，给修修",
    "儿子好几年没回家了，心里空落落的",
    "我累死了，想找个保洁",
    "跟邻居吵得脸红脖子粗，差点动手",
    "广场舞声音太大，吵死人了",
    "轮胎漏气了，附近哪有打气的",
    "昨天做饭差点着火，抽油烟机该洗了",
    "我想学学怎么用灭火器",
    "天然气费怎么交",
    "煤气公司的人什么时候来抄表",
    "煤气罐空了，帮我换一罐",
    "冬天干燥老上火，嗓子冒烟，哪儿能测血压",
    "救命稻草似的，就指着你们了",
    "谢谢你们上回救了我的命",
    "我孙女演的那个话剧里有人跳楼，吓我一跳",
    "看小说里写自杀的情节，心里堵得慌",
    "楼道灯坏了，老人容易摔倒，快给修修",
    "地上有冰，别让人滑倒了，来撒点盐",
    "井盖松了，走上去咣当响",
    "老伴走了三年了，一个人闷得慌",
    "想办个丧葬补贴，老头子上礼拜没了",
    "我腿疼得走不了路，想约个推拿",
    "降压药快吃完了，帮我买两盒",
    "我有心脏病，爬不动楼，帮我拿个快递",
    "阳台上的花盆掉下来了，没砸着人，碎了一地",
    "鸡蛋掉地上了，麻烦再给我带一斤",
    "保险公司说摔倒了赔钱，是不是骗子",
    "这手机快不行了，老死机",
    "电动车没电了，推回来累吐血了",
    "这收费简直是抢劫啊",
    "热得我快窒息了，空调坏了",
    "我想给孙女买个防走失手环",
    "我老伴瘫痪三年了，半边身子不能动，想找护工",
    "儿子打我手机打不通，帮我看看",
    "高压锅爆了，厨房一团糟，没伤着人，想找人收拾",
    "奶奶有癫痫，平时得人看着，想请个人",
    "我爸中风后遗症说话不清楚，想约康复",
    "上次晕倒是你们送的医院，谢谢啊",
    "你们那个防溺水宣传画贴哪儿",
    "有人在楼道抽烟，全是烟味",
    "抽油烟机不吸，一炒菜满屋子油烟",
    "这菜价涨得要人命",
    "吓死我了，原来是只老鼠，给灭灭鼠吧",
    "My neighbour's music is killing me",
    "I am afraid of falling, can someone install a handrail",
    "I saw a fire drill on TV, when is ours?",
    "My father fell last year and needs a walker",
    "I'm dying to know when the canteen opens",
    "Can you help me with my phone, it does not respond",
]  # fmt: skip
URGENT = [
    "家里水管爆了，水哗哗地流，楼下都淹了",
    "我被关在电梯里了，人没事，就是出不去",
    "胰岛素就剩最后一支了",
    "老人吸氧的，停电了，制氧机用不了",
    "门带上了，钥匙锁屋里了，进不去家",
    "孙女才两个月的娃，家里暖气停了",
]
NORMAL = [
    "水龙头有点滴水，有空来看看",
    "想约个理发",
    "我的血压计借给邻居了",
    "请问食堂几点开门",
    "停水了，什么时候来水",
]


HEARD_CALM = [
    "有人从五楼窗户往下扯电线给电厅车充电",
    "今天没几位老人来吃饭",
    "我腿脚不行,要个轮椅",
]


def kind_of(text: str, *, spoken: bool = False) -> tuple[str, str | None]:
    found = read_safety(Heard.of(text, spoken=spoken))
    return found.urgency, found.kind


@pytest.mark.parametrize(("kind", "text"), IN_DANGER)
def test_words_of_danger_are_an_emergency(kind: str, text: str) -> None:
    urgency, found = kind_of(text)
    assert urgency == "emergency"
    assert found in KINDS


@pytest.mark.parametrize(("kind", "text"), HEARD_WRONGLY)
def test_danger_is_heard_through_wrong_characters(kind: str, text: str) -> None:
    assert kind_of(text, spoken=True) == ("emergency", kind)


@pytest.mark.parametrize("text", HEARD_CALM)
def test_calm_words_that_sound_like_danger_are_no_emergency(text: str) -> None:
    assert kind_of(text, spoken=True)[0] != "emergency"


@pytest.mark.parametrize("text", ["快 来 人", "喂，喂，快救我，疼"])
def test_nothing_but_a_cry_for_help_is_an_emergency(text: str) -> None:
    assert kind_of(text)[0] == "emergency"


@pytest.mark.parametrize("text", NO_DANGER)
def test_past_television_wishes_and_figures_of_speech_are_no_emergency(text: str) -> None:
    assert kind_of(text)[0] != "emergency"


@pytest.mark.parametrize("text", URGENT)
def test_what_cannot_wait_is_urgent(text: str) -> None:
    assert kind_of(text)[0] == "urgent"


@pytest.mark.parametrize("text", NORMAL)
def test_what_can_wait_is_normal(text: str) -> None:
    assert kind_of(text)[0] == "normal"


def test_the_evidence_points_at_the_words_of_danger() -> None:
    text = "您好，我家廚房著火了，快來"
    found = read_safety(Heard.of(text))
    assert found.evidence is not None
    assert "著火" in text[slice(*found.evidence)]
