"""Signs of danger as products: a body part × its complaint, a thing × how it burns, and so on.

Each rule joins two or three small vocabularies, so that the many ways to say one sign don't need a
line each. As everywhere in this package, gaps are bounded and the text is plain Simplified Chinese
or lower-case English.
"""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

_FRAIL = (
    "(?:老人|老伴|老头|老太|老爷子|我?[爸妈爹娘](?!妈爸)|父亲|母亲|爷爷|奶奶|姥姥|姥爷|外公|外婆|公公|婆婆|阿婆|阿公|"
    "孩子|小孩|娃|宝宝|小囡|小朋友|孙子|孙女|外孙|女儿|闺女|大爷|大妈|大娘)"
)
_ANYBODY = f"(?:{_FRAIL}|老公|丈夫|老婆|媳妇|爱人|儿子|邻居|阿姨|大叔|婶|小伙子|姑娘|男的|女的|个人|有人|他|她)"
_BODY = "(?:身上|浑身|全身|胸口?|头|脸|脖子|背|肚子|胳膊|膀子|手|腿|脚|腰|胯|屁股|胸)"
_LIMB = "(?:身子|身|胳膊|膀子|手指?|腿|脚|手脚)"
_SIDE = "(?:左|右|半边|半拉|半个|半身|一边|一侧|一只|一条)"
_SUDDEN = "(?:突然|忽然|一下子|猛地|刚才|刚刚|一早|早上起来|今早|这会儿)"
_LIMP = "(?:不听(?:话|使唤)|没[^,。!?]{0,2}(?:劲|力气|知觉|感觉)|使不上|劲[^,。!?]{0,3}没|(?:抬|动|举|端|拿|握)不(?:了|动|起|住)|木了|麻木|发麻|发软|耷拉|软塌塌|不会动|不是自己的)"
_CALL = "(?:叫|喊|推|拍|摇|晃|唤|掐)"
_NO_REPLY = "(?:不[应醒答理吭]|不睁眼|没(?:得|有|啥)?(?:反应|动静|回应|声音)|不搭理|不清醒|不起来)"
_FELL = (
    "(?:(?:摔|跌|绊|滑|栽|掼|跶|拐)(?:了|咗|着|个)?(?:一|个|两)?(?:大)?(?:跤|跟头|跟斗|交|倒|着|到|下|坐|在)|"
    "(?:摔|跌)(?:了|坏|伤)|踩空|骨碌下|滚下|崴(?:了|着)|磕(?:了|着))"
)
_HURT = (
    "(?:[起站爬扶坐翻][^,。!?]{0,1}(?:不|唔)[起到了动来]|动(?:不了|弹不得|不得|唔到)|(?:不敢|不能|没法|没办法)(?:动|走|沾地|下地|起)|"
    "走不(?:了|成)|肿得|口子|(?:流|出|淌|冒)[^,。!?]{0,2}血|是血|骨折|断了|昏|不省|叫不|疼得|痛得|疼死|够不着)"
)
_GAS = "(?:煤气|燃气|天然气|液化气|石油气|瓦斯|沼气)"
_BURNS = (
    "(?:锅|微波炉|烤箱|纸箱|纸板|被子|被窝|电热毯|车棚|窗帘|垃圾|柴|草|树|插座|插排|插线板|接线板|烟囱|阳台|厨房|沙发|床|"
    "衣服|油烟机|变压器|电视机?|空调|冰箱|洗衣机|充电器|电池|电瓶|电动车|电表|电箱|配电\\S|电闸|屋|房子|楼道|走廊|仓库|杂物)"
)
_WATER = "(?:河|湖|江|海|塘|池|井|水库|水沟|沟|渠(?![沿边口路东西南北])|水坑)"
_WHERE_SMOKE = "(?:楼道|走廊|楼梯|屋|家|房|楼|过道|电梯)"
_WIFE = "(?:老婆|媳妇|婆娘|妻子|爱人|老公|老太太|老太婆|老头|老人|老娘|老爹|他妈|她妈|他爸|他娘|我妈|我爸|我家老|奶奶|爷爷|女的|人呢)"
_GONE = (
    "(?:走[丢失散]|跟丢|跑丢|[寻找]不[着到见]|不见(?:了|人|影)|没(?:了)?(?:人)?影|没见人|人就没|人没了|"
    "(?:还|都|也|一直|到现在)没(?:有)?(?:见|回|转|着家|到家|进门|找)|没(?:回来|回家|着家|转来|到家|音信|信儿))"
)
_LONG = "(?:到现在|到这会儿?|点(?:多|半)?了|一直|天都?[^,。!?]{0,2}黑|半天|一天|一夜|一宿|个(?:多|半)?(?:钟头|小时)|放学|半夜|电话[^,。!?]{0,4}(?:打不通|没人接|关机)|手机[^,。!?]{0,4}(?:打不通|关机|没带))"
_WANDERING = "(?:糊涂|痴呆|失智|老年病|阿尔茨|记性[^,。!?]{0,3}(?:不好|差|坏)|(?:不认|认不|不记)[^,。!?]{0,2}(?:路|家|道|人)|脑[子壳袋筋][^,。!?]{0,4}(?:不好|不清|有病|糊))"

_NEVER = r"(?:can['’]?t|cannot|can not|couldn['’]?t|could not|unable to|won['’]?t|will not|not able to|never|hasn['’]?t|has not|haven['’]?t|didn['’]?t)"
_THEM = "(?:me|him|her|us|them|his wife|her husband|his mother|his children|the kids?|my (?:mother|mum|father|dad|son|daughter|wife|sister|brother)|someone|somebody)"
_FOLK = (
    r"\b(?:mum|mom|mother|dad|father|husband|wife|grandma|grandpa|grandmother|grandfather|granny|gran|nan|grandson|granddaughter|"
    "son|daughter|child|children|kid|kids|boy|boys|girl|girls|baby|toddler|man|woman|lady|neighbou?r|person|someone|somebody|people|he|she)"
)
_YOUNG_OR_OLD = (
    r"(?:(?:little|old|elderly) (?:man|lady|woman|boy|girl|one)|mum|mom|mother|dad|father|grandma|grandpa|grandmother|grandfather|granny|nan|"
    "grandson|granddaughter|son|daughter|child|kid|boy|girl|toddler|husband|wife)"
)
_RIVER = "(?:river|lake|pond|canal|water|sea|well|pool|reservoir)"

SIGNS: dict[str, tuple[str, ...]] = {
    "self_harm": (
        "不想[^,。!?]{0,3}(?:拖累|连累|麻烦)[^。!?]{0,14}(?:走了|别找|去死|了断)|你们?别(?:来)?找我(?!要|麻烦|们)",
        "(?:走|没|去世|不在)了[^。!?]{0,10}(?:想|要)(?:跟|随|陪)着?(?:他|她|老伴)[^,。!?]{0,6}(?:去|走)(?:了|算了)?(?=[,。!]|$)",
        "最后一次[^,。!?]{0,5}(?:打电话|打扰|麻烦你|见面|跟你们)|后事[^,。!?]{0,6}(?:好了|交代|妥)|割[^,。!?]{0,2}手?腕|绳子?[^,。!?]{0,4}(?:买|准备|系|挂|拴)[^,。!?]{0,2}好|不想(?:再)?给[^,。!?]{0,6}添(?:麻烦|负担|累赘)",
        "[喝吞][^,。!?]{0,4}(?:瓶|口|杯|包)(?:农药|敌敌畏|百草枯|除草剂|安眠药|老鼠药)",
        "(?:安定|安眠药|药片)[^,。!?]{0,4}(?:都|全|一起)?(?:吃|吞)(?:了|下|光)|(?:吃|吞)了[^,。!?]{0,5}(?:安定|安眠药)",
        "日子[^,。!?]{0,4}(?:到头|过不下去)|(?:不如|还是|想)早[^,。!?]{0,2}(?:走|死|解脱|去)了?[^,。!?]{0,2}(?:干净|算了|拉倒|好)|一死了之|解脱算了|开(?:了|着)?煤气[^,。!?]{0,6}(?:死|不想|活)",
        "没(?:啥|什么)?(?:活头|活路)|[熬撑]不下去了|不想(?:再)?[熬撑]了|(?:活|过)得?(?:没劲|太苦|够够)|跟(?:你们|大家)(?:告个?别|道个?别)",
        rf"no point (?:in )?(?:going on|living|anymore|any more)|(?:don['’]?t|do not|can['’]?t) see (?:any|the|a) point|{_NEVER} go on (?:like this|living|any)",
        r"(?:want|wish)[^.]{0,10} to be over|better off without me|(?:don['’]?t|not) want to wake up|(?:taken|took|swallowed) all (?:my|the|her|his) (?:tablets|pills|medicine|medication)|(?:nobody|no one) (?:would|will) (?:miss|notice)|sav(?:ed|ing) up (?:my|the|her|his) (?:tablets|pills)",
        r"(?:going|wants?|about|threatening) to jump|(?:hurt|harm|cut)(?:ting)? (?:my|him|her)self|cut(?:ting)? (?:my|her|his) wrists?|(?:don['’]?t|not) want to be here any|\bend it\b|ending (?:my|it)|end (?:my|her|his) (?:own )?life|say(?:ing)? (?:my )?goodbye to every",
    ),
    "fire": (
        _BURNS + "[^,。!?]{0,6}(?:(?<![不找睡冻坐走])着了(?!凉)|点着了|烧着|烧起来|冒[^,。!?]{0,3}(?:烟|火(?!花))|起火|打火(?!机)|窜火|刺啦)",
        "(?<!嗓子)(?<!嗓子都)(?<!眼睛)冒(?:着|出|起|了|出来)?(?:青|白|黑|浓|大|股|好多|好大|好浓)?(?:的)?烟",
        "火光|(?:火|烧|着)[^。!?]{0,10}[扑灭压]不(?:灭|住|了)|火星子?[^,。!?]{0,2}(?:往|直|乱|掉|溅)|往[^,。!?]{0,3}[掉溅]火星|(?:烧焦|焦糊|烧糊)[^。!?]{0,8}烟",
        _WHERE_SMOKE + "[^。!?]{0,14}(?:都|全|满|净)是烟(?!味|头|灰|蒂|瘾|花)|烟[^,。!?]{0,4}(?:呛得|熏得|大得)[^,。!?]{0,6}(?:睁不开|喘|看不见|出不去)",
        rf"in flames|\bflames\b|caught (?:on )?fire|catch(?:ing)? fire|{_NEVER} put (?:it|the fire|the flames) out|(?:is|are|it['’]?s) burning",
        r"(?:smell|burning)[^.]{0,14}smoke|(?:see|seeing|full of|filled with|filling with|choking on) smoke|smoke (?:is |was )?(?:pouring|billowing|coming|filling)",
    ),
    "gas": (
        f"{_GAS}[^,。!?]{{0,4}}管?[^,。!?]{{0,3}}(?:断了|裂了|破了|脱了|松了)|(?:灶|气管|管道|管子|罐|瓶|阀)[^。!?]{{0,6}}[哧嗤呲嘶]+(?![^,。]{{0,4}}水)",
        "(?:灶|厨房|煤气|燃气|管道)[^。!?]{0,10}臭鸡蛋|臭鸡蛋[^。!?]{0,12}(?:灶|厨房|煤气|燃气|管道)",
        f"(?:灶|{_GAS}|阀)[^。!?]{{0,5}}(?:忘了?记?关|没关)[^。!?]{{0,12}}(?:是气|晕|味|闻)|(?:罐|阀|灶|管)[^。!?]{{0,10}}气[^,。!?]{{0,4}}(?:往外|一直|直)(?:往外)?[跑冒漏]",
        f"{_GAS}[^,。!?]{{0,3}}(?:好大|很大|好浓|很重|太大|呛)|(?:满屋子?|一屋子?|一楼道|(?:楼道里?|家里|屋里)(?:全|都|净)?是)[^,。!?]{{0,4}}{_GAS}",
        f"{_GAS}[^。!?]{{0,16}}(?:头晕|头疼|头痛|想吐|恶心|晕得|迷糊)|(?:一氧化碳|煤气|燃气|烟雾)报警器?[^,。!?]{{0,6}}(?:响|叫)[^。!?]{{0,10}}(?:烟|味|疼|痛|晕|吐|气)",
        "(?:炭|火盆|烧煤|煤炉|蜂窝煤|煤球|炉子|火盆|发电机)[^。!?]{0,26}(?:头[^,。!?]{0,2}[痛疼晕昏]|恶心|想吐|发软|站不|[叫喊推][^,。!?]{0,3}不|起不来|不清醒|不醒|昏昏|昏过|晕)",
        "热水器[^。!?]{0,14}(?:人[^,。!?]{0,4}[晕昏]|[晕昏](?:在|倒|过))",
        r"hissing[^.]{0,20}(?:gas|stove|cooker|pipe)|gas[^.]{0,12}(?:hissing|escaping)|(?:charcoal|coal|generator|boiler|heater)[^.]{0,50}(?:sick|dizzy|headache|faint|drowsy)",
    ),
    "electric": (
        "(?:被|让|给|遭)电(?=[了着到打麻倒晕得住死弹翻飞]|一下)|(?:洗衣机|热水器|冰箱|插座|开关|电灯|水龙头|水管|墙|扶手|铁门|电线|护栏)[^。!?]{0,10}(?:麻人|麻手|电人|(?<![来没停通有断充])电了|过电)",
        "(?:积水|水里|水坑|地上)[^,。!?]{0,4}(?:带电|有电|漏电)",
        "(?:插头|插座|电门|开关|电线|电闸)[^。!?]{0,12}(?:打出|弹开|弹出|打飞|手[^,。!?]{0,3}[黑麻])",
        "线[^。!?]{0,6}[掉落搭泡断][^,。!?]{0,4}(?:水|雨)|(?<![来通没停充断])电(?:着|到)了(?=[,。!]|$)|漏电[^。!?]{0,14}(?:电|麻|甩不开|打)(?:人|了|到|着|手)",
        r"(?:power|electric|overhead|live)[^.]{0,6}(?:line|cable|wire)[^.]{0,25}(?:down|fell|fallen|spark|water|hanging)|shock from (?:the|a)",
    ),
    "drowning": (
        f"(?:掉|落|跌|滑|摔|滚|踩|栽)(?:到|进|在|下|落|咗|入|了)+(?:去)?[^,。!?]{{0,2}}(?:{_WATER}|水|窨井|下水井|冰)(?:里|中|去|厢|头|边)?",
        f"(?:{_WATER}|水)[^,。!?]{{0,2}}里?[^。!?]{{0,10}}(?:扑腾|挣扎|[快往要]下?沉|(?:个|人|孩子?)没上来|没浮|喊救|不见头|漂着[^,。!?]{{0,4}}人)",
        f"{_ANYBODY}[^,。!?]{{0,6}}(?:在|被)[^,。!?]{{0,4}}(?:{_WATER}|水)(?:里|中)[^。!?]{{0,10}}(?:爬不|上不|冲走|救|漂|没顶)|(?:水|浪|河)[^,。!?]{{0,3}}(?:冲|卷)走[^,。!?]{{0,4}}(?:人|孩|娃)",
        "(?:有人|人|孩子|老人|娃)[^,。!?]{0,3}(?:落水|溺水)",
        "(?:桥|楼|阳台|窗台?|天台|窗户)(?:上|顶|边)?[^,。!?]{0,2}(?:跳|翻)(?:了)?下",
        rf"{_FOLK}[^.!?]{{0,20}}(?:is|are|['’]s|fell|fallen|slipped|gone) (?:stuck )?(?:in|into|under) (?:the |a )?{_RIVER}\b|through the ice|{_NEVER} swim|(?:fell|fallen) (?:off|from) the (?:pier|quay|boat|dock)|(?:gone|going) under[^.]{{0,12}}water|{_RIVER}[^.]{{0,30}}(?:can['’]?t|cannot) (?:get out|swim)",
        r"(?:jump|jumped|jumping|fell|fallen) (?:off|from|out of) (?:the|a|her|his) (?:bridge|roof|balcony|window)",
    ),
    "violence": (
        f"打(?:他|她)?(?:自己)?{_WIFE}(?!们?的?(?:电话|手机|招呼|证|卡|疫苗|针|吊瓶))|(?<!你)[揍踢踹掐](?:我|他|她|{_WIFE})(?!们?的?门)|(?:在|被|正|又)[^,。!?]{{0,3}}殴打|又动手|动手打|打起来[^。!?]{{0,14}}(?:刀|棍|锹|血|家伙|酒瓶)|还要打(?=[,。!我人]|$)|(?:陌生人|生人|男的)[^,。!?]{{0,3}}(?:跟着|尾随)[^,。!?]{{0,4}}(?:我|孙女|孩子|姑娘|闺女|她)|[揪拽薅抓扯]着?[^,。!?]{{0,3}}头发|头发[^,。!?]{{0,2}}[揪拽薅]",
        "惨叫|(?:喊|叫|大声)[^,。!?]{0,2}(?:救命|杀人)|哭喊|呼救|哭声[^,。!?]{0,4}(?:哑|惨|不停)|(?:打|揍)[^,。!?]{0,4}(?:孩子|娃)[^。!?]{0,12}(?:惨|哑|伤|血|嚎|往死)",
        "(?:要|想|敢|还|来)(?:打|揍|砍|弄|整|杀)我(?!们?的?(?:电话|手机|家电话))|[弄整打]死(?:我|你|她|他)(?!了|也|都)|动(?:起|了)?刀子|动起了?刀|地上[^,。!?]{0,3}血|(?:拿|用)[^,。!?]{0,4}(?:皮带|板凳|椅子|棍子?|凳子|酒瓶|砖|锤子?|刀)[^,。!?]{0,2}(?:抽|打|砸|砍|捅|戳|晃)",
        "(?:身上|脸上|头上|胳膊上)[^,。!?]{0,3}(?:全|都)?(?:是|有)(?:伤|血|淤青|青一块)|(?:拿|举|带)(?:着|了)?[^,。!?]{0,2}刀[^,。!?]{0,3}(?:在|冲|往|堵|守|乱|站|晃)",
        f"(?:锁|关|反锁)[^,。!?]{{0,5}}(?:屋|家|房|里)[^,。!?]{{0,4}}(?:不让|不给)[^,。!?]{{0,4}}(?:出|走)|不(?:给|让)(?:我|{_FRAIL})[^,。!?]{{0,3}}(?:吃饭|饭吃|出门)",
        "(?:有人|个[男女](?:人|的)|陌生人|一伙人|贼|小偷)[^,。!?]{0,4}(?:翻|爬|跳|撬)(?:开|过|了)?(?:我家?的?)?(?:窗户?|阳台|院?墙|栏杆|铁窗)[^,。!?]{0,3}进",
        "(?:有人|个人|男的|女的|陌生人|一伙人|他|她)[^,。!?]{0,5}[撬踹砸][^,。!?]{0,5}(?:门|锁|窗)|(?:窗|阳台|墙)[^,。!?]{0,3}[爬翻钻](?:了)?进|[爬翻钻闯](?:进|了进)来?(?:了)?[^,。!?]{0,3}(?:人|贼|男的)",
        "(?<!让)(?<!见)(?<!给)(?:生人|陌生人|不认识的)[^,。!?随都能]{0,6}(?:进|闯|在)[^,。!?]{0,3}(?:家|屋|门)|(?:家|屋)[^,。!?]{0,4}(?:进来?|闯)(?:了)?[^,。!?]{0,2}(?:生人|陌生人)|(?:有人|贼|小偷|里头?|外头?)[^,。!?]{0,8}翻箱倒柜|不敢(?:出声|吱声)",
        rf"(?<!has )(?<!have )(?:hit|hitting|hits|beat|beating|beats|attack|attacking|punch|punching|kick|kicking|hurt|hurting|strangl|chok)(?:ing|es|ed)? {_THEM}\b|(?:will|to|gonna|['’]ll) kill (?:me|us|her|him)",
        r"trying to (?:get|break|climb|force)[^.]{0,20}\bin(?:to|side)?\b|(?:stranger|intruder|burglar|someone|somebody)[^.]{0,12}(?:is |['’]s )?in(?:side)? my (?:flat|house|home|room|apartment|kitchen)|(?:break|smash)(?:ing|ed)? (?:my|our|the) (?:window|door|lock)[^.]{0,20}\bin\b|(?:has|got|with) a (?:gun|knife|machete|axe)|threaten(?:ing|ed|s)? (?:me|us|to|her)|climb(?:ing|ed) (?:in|through)[^.]{0,24}(?:window|balcony)|locked me in",
    ),
    "missing": (
        "走丢了|走失了",
        f"{_FRAIL}[^。!?]{{0,30}}{_LONG}[^。!?]{{0,12}}{_GONE}|{_FRAIL}[^。!?]{{0,24}}{_GONE}[^。!?]{{0,12}}{_LONG}",
        f"{_FRAIL}[^。!?]{{0,16}}(?:走散|走失了|走丢了|跟丢|跑丢|寻不[着到见]|没影|(?:一转眼|一眨眼|一晃|一回头|转身)[^,。!?]{{0,4}}不见|人就没|放学[^,。!?]{{0,3}}没回)",
        f"{_FRAIL}[^。!?]{{0,6}}{_GONE}[^。!?]{{0,12}}{_WANDERING}|岁[^,。!?]{{0,12}}(?:不见|找不[着到]|走丢)|{_WANDERING}[^。!?]{{0,26}}(?:{_GONE}|跑出去|出去了|自己出门)",
        f"把{_FRAIL}[^,。!?]{{0,3}}(?:抱|拐|拽|带|拉)走|(?:抱|拐|拽|骗)走[^,。!?]{{0,4}}{_FRAIL}|{_FRAIL}[^,。!?]{{0,2}}(?:被|让|叫|给)[^,。!?]{{0,5}}(?:抱|拐|拽|带|拉)走",
        rf"(?:dementia|alzheimer|confused|forgetful|memory)[^!?。]{{0,60}}(?:left the (?:house|flat|home)|find (?:her|him)|come back|come home|wandered|missing|disappeared)|{_YOUNG_OR_OLD}[^!?。]{{0,60}}(?:hasn['’]?t|has not|never|didn['’]?t) (?:come?|came|got|return\w*|been)[^.!?]{{0,6}}(?:back|home|seen)|{_YOUNG_OR_OLD}[^.!?]{{0,50}}(?:still )?(?:isn['’]t|is not|not) (?:back|home)",
        rf"{_FOLK}[^.!?]{{0,20}}wandered (?:off|out|away)|{_NEVER} find (?:my|our|the) (?:\w+ )?{_YOUNG_OR_OLD}|lost (?:my|our) (?:little )?(?:boy|girl|child|son|daughter|grandson|granddaughter) (?:in|at)|(?:took|taken|grabbed|snatched) (?:my|a|the) (?:little )?(?:child|boy|girl|baby)",
    ),
    "fall": (
        _FELL + "[^。!?]{0,26}" + _HURT,
        "(?:头|脑袋|脑门|后脑勺?|额头|脸|下巴)(?:上)?[^,。!?]{0,3}[磕碰撞砸摔][^,。!?]{0,4}(?:破|开|烂|口子|窟窿|大包|血)|(?:手|头|脸|腿|脚|胳膊|额|眉|腕)[^,。!?]{0,6}[划割磕砍切豁][^,。!?]{0,5}口子",
        rf"(?:fell|fallen|slipped|tripped|had a fall|knocked over)[^!?。]{{0,70}}(?:{_NEVER} (?:get|move|stand|lift|wake|walk)|bleed|blood|broke|terrible pain|a lot of pain|unconscious|on the floor|dizzy)",
        rf"{_NEVER} get (?:up )?off the floor|stuck on the floor|(?:hip|leg|arm|ankle|wrist)[^.]{{0,12}}(?:is|looks|might be|must be|may be) broken|hit (?:his|her|my) head",
    ),
    "medical": (
        "嘴角?[^,。!?]{0,3}流口水|脸[^,。!?]{0,5}(?:不会动|动不了|僵|没知觉)|(?:眼皮?|嘴)[^,。!?]{0,3}[合闭]不[拢上]|听不[懂清明][^,。!?]{0,3}(?:他|她)[^,。!?]{0,4}[说讲]",
        "腿[^,。!?]{0,3}迈不[开动]|嘴[^,。!?]{0,2}瓢|汗珠|心(?:脏|跳)[^,。!?]{0,3}要?停|眼睛?[^,。!?]{0,3}突然[^,。!?]{0,4}看不见|突然[^,。!?]{0,6}看不见|一头(?:冷)?汗|(?:胸|气)[^,。!?]{0,3}憋得(?:慌|难受|不行)|憋得(?:坐|躺|喘|说不)|躺(?:不下|下就[^,。!?]{0,3}[憋喘])",
        "(?:(?<!歪)嘴|脸|五官)(?!馋)[^,。!?]{0,5}(?:[歪斜]|耷拉)(?!瓜)|(?:半边|半拉|一边)脸",
        f"(?:{_SIDE}[^,。!?]{{0,4}}{_LIMB}|半[边拉个]身?子?)[^,。!?]{{0,6}}{_LIMP}|{_LIMB}[^,。!?]{{0,2}}{_SUDDEN}[^,。!?]{{0,8}}{_LIMP}|{_SUDDEN}[^。!?]{{0,10}}{_LIMB}[^,。!?]{{0,6}}{_LIMP}",
        "[说讲]不成(?:句|话)|舌头[^,。!?]{0,4}(?:不直|不利|打结|硬|大了|捋)|说胡话|神志不清|神智不清",
        _SUDDEN + "[^,。!?]{0,3}(?:认不[得出]|不认(?:得|识))(?:我|人|家|了)|看(?:东西|人|啥)[^,。!?]{0,8}(?:两个|重影|双影)",
        "眼前?[^,。!?]{0,6}(?:发黑|一黑|黑了)|[晕昏糊][^,。!?]{0,6}站不[住稳起]|站不[住稳][^,。!?]{0,4}(?:想吐|要倒)",
        "(?:胸口|胸膛|胸脯|心口|心窝子?|胸前|前胸|心脏)[^,。!?]{0,6}(?:疼|痛|发紧|绞|揪|像压|压了|压着|压得|闷得)|[捂按抱][着到住]?(?:胸|心口|心窝)|脸色?[^,。!?]{0,2}(?:蜡黄|灰白|煞白|死白|惨白)",
        "心慌[^,。!?]{0,4}(?:不行|厉害|得很|要命|难受|出汗|冒汗|气短)|心(?:脏|里|口)?[^,。!?]{0,2}(?:突突|砰砰|扑通|怦怦)[^,。!?]{0,6}(?:厉害|不停|难受|不行|受不)|(?:手抖|发抖)[^,。!?]{0,2}心慌|[出冒](?:了)?(?:虚|冷)汗",
        "(?:硝酸甘油|救心丸|喷药|喷雾)[^。!?]{0,10}(?:不管用|没用|不顶用|不见好|还是)|哮喘[^,。!?]{0,3}(?:上来|来了|又|犯)",
        "气[^,。!?]{0,3}[接喘倒出透上]不[上过出来]|[接喘透出上倒]不[上过出]?来?气|喘得[^,。!?]{0,5}(?:话|说|讲|不行|厉害|躺|慌)|(?:嘴唇|嘴皮子?|指甲|脸)[^,。!?]{0,3}(?:发|都|变|成)?[紫青乌]|喉咙[^,。!?]{0,5}呼噜",
        f"{_CALL}(?:他|她|人|也|都|不|了|半天|我[爸妈]|老)[^,。!?]{{0,6}}{_NO_REPLY}|(?:叫|喊|推|拍|摇|睡|掐人中)[^,。!?]{{0,4}}(?:不醒|不清醒|不睁眼)|{_CALL}人中",
        f"{_CALL}(?:他|她|它)(?:也|都)不(?![来听去改管肯让给走干要吃])|头[^,。!?]{{0,2}}[疼痛][^,。!?]{{0,3}}(?:要炸|炸开|要裂|裂开)",
        f"{_ANYBODY}[^,。!?头把]{{0,8}}(?:[晕昏]了(?!头|车)|[晕昏]在|瘫在(?![床炕家])|瘫倒|倒下了|倒地|倒在[^,。!?]{{0,6}}(?!床|怀)(?:上|里|边|下|口)|一头栽|栽下去|晕乎乎[^,。!?]{{0,3}}叫)|一头栽",
        f"{_ANYBODY}[^,。!?]{{0,14}}(?:不动弹|没动弹|一动不动|不动了)|(?<!片)摸着[^,。!?]{{0,3}}凉|身[^,。!?]{{0,3}}冰凉|(?:迷迷糊糊|昏昏沉沉|昏睡)[^。!?]{{0,8}}(?:叫|喊|不清|不醒|不应)",
        "(?:浑身|全身|手脚|身子|一直|直)[^,。!?]{0,3}抽(?![烟血水油奖屉空查签检出时泣噎])|抽过去|抽筋[^。!?]{0,12}(?:眼|牙|沫|不醒)|牙关[^,。!?]{0,4}[咬紧]|眼[^,。!?]{0,5}上翻|(?:吐|[口嘴][^,。!?]{0,4}[冒是])[^,。!?]{0,2}(?:沫|泡泡)(?!箱|板)|羊[^,。!?]{0,1}[疯风]犯",
        "血糖[^。!?]{0,8}(?:只有|才|掉到|低到|就)[^,。!?]{0,2}[一二三123](?:点|\\.|$)|(?:胰岛素|糖尿病|降糖药)[^。!?]{0,20}(?:手抖|心慌|发抖|迷糊|冒汗|出汗|一身汗|叫[^,。!?]{0,3}不|昏)|胰岛素[^。!?]{0,6}没吃饭",
        "(?<![抽验采献])血(?![压糖脂管氧])[^,。!?]{0,4}(?:哗哗|直(?=[流冒往喷淌滴])|狂|飙|喷|糊|止不|捂不|堵不)|流[^,。!?]{0,2}血[^。!?]{0,14}(?:不住|不停|钟头|小时)|拉的?[^,。!?]{0,3}是血|(?<![沥呕心])[吐呕咳](?!心)[^,。!?]{0,5}血(?!压|推)",
        f"{_BODY}[^,。!?]{{0,3}}烫[^,。!?]{{0,5}}(?:泡|皮|熟)|(?:开水|热水|滚水|热油|热汤|热粥)[^,。!?]{{0,4}}[倒泼浇洒溅][^,。!?]{{0,4}}{_BODY}|(?:油|开?水|汤|火|电热毯|热水袋|火罐|炉子|粥)[^。!?]{{0,16}}(?:起[^,。!?]{{0,4}}泡|[烫烧](?!手|头)[^,。!?]{{0,2}}(?:伤|{_BODY}|脱皮))|把[^,。!?]{{0,8}}{_BODY}[^,。!?]{{0,4}}[烫烧](?:伤|着|烂|脱)|(?:手|腿|脸|身|胳膊)上?的?皮[^,。!?]{{0,3}}[掉烂]了",
        "(?:刺|骨头|果冻|汤圆|年糕|枣核|花生|药[片丸]|糖)[^,。!?]{0,3}[卡噎呛]|(?<!怕)(?<!老)[卡噎](?:了|在|住|到|着)+[^,。!?]{0,3}(?:喉|嗓|气管)|[发出]不[了出]声",
        "(?:嗓子|喉咙|气管|嗓子眼)[^,。!?]{0,3}(?:里|了)[^。!?]{0,6}(?:咳|喘|憋|吐|出)不?|(?:吸|呛|掉)[^,。!?]{0,2}(?:到|进)[^,。!?]{0,2}(?:气管|肺|嗓子)|(?:吃|吞)[^。!?]{0,8}(?:堵住|卡住|噎)",
        "(?:洁厕|84|消毒|农药|漂白|老鼠药|耗子药|洗衣液|汽油|敌敌畏|干燥剂)[^。!?]{0,6}(?:喝|吃|吞)(?:了|下|进)|药[^。!?]{0,8}吃(?:成|了|重)了?(?:两|双|三|好几)?(?:份|遍|倍|回了)|上吐下泻|又吐又拉",
        f"车[^,。!?]{{0,3}}[碰带刮轧撞]倒|车[^,。!?]{{0,4}}(?:把|将|给)[^,。!?]{{0,4}}(?:我|人|{_ANYBODY})[^,。!?]{{0,3}}[撞轧压刮]|(?:被|让|叫|给)[^,。!?]{{0,8}}车[^,。!?]{{0,3}}[撞轧压](?![断坏歪弯碎瘪凹掉塌])|(?:(?<!的)人|{_ANYBODY})[^,。!?]{{0,3}}[夹卡压埋](?:在|住)[^,。!?]{{0,4}}(?:里|下|缝|中间|底|出不)",
        "(?:[塌倒掉][^。!?]{0,10}|(?:墙|楼|树|广告牌)[^。!?]{0,8})[砸压埋](?:着|到|住|了|伤)+[^,。!?]{0,4}人",
        r"(?:trouble|difficulty|problems?|struggling) (?:speaking|talking|swallowing)|(?:arm|leg|hand)s?[^.]{0,12}(?:limp|paralys|gone dead)|(?:throat|tongue|lips)[^.]{0,10}(?:swell|swoll|clos)|(?:face|mouth|eyelid)[^.]{0,25}(?:droop|numb|twisted|crooked|sagging|fallen)|(?:speech|words|talking|speaking)[^.]{0,20}(?:jumbled|slurred|garbled|no sense|funny)|(?:he|she|mother|father|husband|wife|mum|dad)\b[^.]{0,20}(?:isn['’]?t|is not|not) making (?:any )?sense",
        rf"{_NEVER} (?:move|feel|lift|raise|use) (?:his|her|my|one) (?:left|right|whole|arms?\b[^.]{{0,6}}(?:and|or))|(?:left|right|one) (?:arm|leg|side)[^.]{{0,20}}(?:numb|weak|gone dead|won['’]?t move|paralys)",
        r"(?:pain|pains|crushing|pressure|tightness)\b[^.]{0,20}chest|chest[^.]{0,20}(?:tight|hurt|pain|heavy|pressure|crush|ach)|clutching (?:his|her|my) chest|heart[^.]{0,10}(?:racing|pounding|stopp)|(?:going|about) to (?:black|pass) out|blacked out",
        r"gasping|(?:hardly|barely|scarcely|struggl\w+ to) breathe|lopsided|keeps dropping|(?:lips|face|fingers)[^.]{0,20}(?:blue|purple|grey)|turn(?:ed|ing) blue|short of breath|fighting for breath|trouble breathing|difficulty breathing|out of breath and|(?:hard|struggl\w+) (?:for \w+ )?to breathe|cough it up",
        rf"{_NEVER} (?:get (?:him|her|them) to )?(?:wake|rouse)|{_NEVER} wake up|{_NEVER} open (?:his|her) eyes|(?:he|she|man|woman|lady|boy|girl)['’]?s?[^.]{{0,12}} not (?:moving|answering|breathing)|{_FOLK}[^.!?]{{0,12}}(?:isn[’']t|is not|not) (?:respond|answer|mov|wak|breath)ing|fainted|lying (?:on the (?:ground|floor|pavement|road|street|stairs|grass)|in the (?:road|street))|feel(?:s|ing)? (?:very |so |really )faint",
        r"(?:diabetic|insulin|blood sugar)[^.]{0,50}(?:confused|shaking|sweat|drowsy|dizzy|faint|very low)|(?:having|had|in) (?:a |some (?:kind|sort) of )?(?:fit\b|convulsion)|shaking all over|foam[^.]{0,15}mouth|eyes[^.]{0,8}rolled|convuls",
        r"blood (?:won['’]?t stop|is everywhere|everywhere|is pouring|pouring|keeps|all over)|(?:vomit|cough|throw|spit)\w* (?:up )?blood|(?:is|it['’]s|still|keeps|are) bleeding|bleeding (?:and|from)|(?:oil|water|soup|tea|coffee|porridge)[^.]{0,20}(?:on|over|down) (?:my|his|her|him|herself|myself)|scald|burn(?:ed|t) (?:his|her|my|him|herself|myself|badly)|badly burn",
        r"(?:whole|entire|full) (?:bottle|packet|box) of[^.]{0,15}(?:pills|tablets)|swallowed (?:a|some|the|an)\b|(?:drank|drunk|drinking)[^.]{0,12}(?:bleach|cleaner|detergent|weedkiller|petrol|antifreeze)|(?:tablets|pills|medicine|insulin|dose)[^.]{0,12}(?:twice|double|too many|by mistake)|(?:wrong|too many) (?:tablets|pills|medicine)|(?:blood|bleeding)[^.]{0,12}from (?:his|her|my|the) (?:ear|nose|mouth|head)|(?:hit|knocked down|run over|struck) by (?:a|the) (?:car|bus|van|lorry|truck|bike|scooter|motorbike)",
    ),
}  # fmt: skip
"""More patterns of danger by kind, beside the set phrases of `words`."""
