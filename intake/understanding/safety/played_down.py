"""Danger told calmly: a fall "since five", a live cable where children pass, a stroke that "will
pass", a farewell with the poison opened.

As everywhere in this package, gaps are bounded and the text is plain Simplified Chinese or
lower-case English.
"""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

from intake.understanding.safety.sign import Sign, sign

_FLOOR = "地上|地下|地板|地砖|瓷砖|水泥地|过道|门厅|门槛|床边|床底下|炕沿下|茅房|堂屋|厨房地|客厅地|浴室|洗手间|卫生间|厕所|阳台|楼道|马桶"
_DOWN = "[坐躺趴倒瘫蹲卧滑溜摔跌]|没能?起|起身|在[^,。!?]{0,6}地|地[上下板]"
_LEG = "(?:腿|胯|脚|屁股|髋|胯骨|骨头|大腿根?)[^,。!?]{0,8}(?:使不|吃不|不吃|不敢|着力|出力|着不|撑不|用不上|吃劲|没得?力|没劲|不能(?:动|碰|出)|歪|拧|短|变形|[疼痛]|嚎|一挨|一碰|青紫|外)|(?:碰|动|扶)(?:都|她|他)?[^,。!?]{0,2}(?:不让|就(?:叫|嚎|喊|疼|痛))|[立站爬]不(?:起|得)|起不[来得]|不敢挪"
_SINCE = "到(?:现在|这会|今)|钟头|小时|半天|还(?:在|没|立)|打天亮|从[^,。!?]{0,8}(?:点|饭|夜)|天亮|早上|早饭|够不|刚够|分钟|没人听|反锁|监控|视频|打给我|起夜|自己讲|他说|说没事|不碍事"
_CARE = "昨天在|轮椅|瘫痪|瘫了|卧床|拐杖|理发|剃头|助浴|扶手|去年|前年|年前|上个?月|那年|后来|地板[^,。!?]{0,4}(?:泡|翘|松|滑)|瓷砖[^,。!?]{0,4}(?:松|裂|掉|空)|装|练|瑜伽|打牌|打麻将|石膏|康复|扫|擦|老毛病"
_EN_FLOOR = r"\b(?:(?<!ground )(?<!first )(?<!second )(?<!third )(?<!top )floor|tiles?|lino|carpet|rug|mat|landing|shower tray|hallway|ground(?! floor)|bathtub)\b"
_EN_LEG = r"neither leg|legs? (?:won['’]?t|will not|don['’]?t|wouldn['’]?t) (?:hold|carry)|(?:won['’]?t|can['’]?t|can not|cannot|couldn['’]?t|not able to|unable to|hasn['’]?t been able to|doesn['’]?t)[^.]{0,16}(?:weight|stand|crawl|get up|pull|get (?:his|her|my) legs|move)|\b(?:hip|leg|ankle|foot|knee)\b[^.]{0,20}(?:agony|wrong way|shorter|has gone|won['’]?t|looks|twisted|gave way)|(?:in|is) agony"
_EN_SINCE = r"\bsince\b|\bfor (?:an|two|three|four|\d+|several|some) (?:hour|minute)|an hour|hours|\bstill\b|all (?:night|morning)|ever since"
_EN_LATER = r"last (?:week|month|year)|used to|wheelchair|physio|re-?lay|grout|loose|slippery|carpet fitter|hoover|mop|yoga|dressing"

_CABLE = "电线|电缆|高压线|线头|皮线|火线|断线|(?<![在上下麻棉毛绒鱼针网话交号路衣丝视流热])线(?!路|上|下|索|条|绳|香|圈)|(?:铁皮?|灯|栏|护)[^,。!?]{0,4}带电"
_SPARKS = "火[花星]|(?:冒|闪|喷|蹦)[^,。!?]{0,5}[火光]|蓝[火光]|一团[^,。!?]{0,2}火|放电|打火(?!机)|滋火|滋滋|滋啦|嗞嗞|噼里啪啦|啪啪|嗡嗡响?|麻(?!将|烦|油|辣|花|袋|雀|绳|线)|弹[开出到飞]|没动了|露着?铜"
_OPEN = "断|拖|掉|垂|耷|搭|挂|吊|压|垮|刮|落|缠|露|磨破|离地|歪|扔|外面"
_PASSERS = "孩|娃|卖菜|旁边|小学生|学生|放学|路过|过路|行人|的人|等车|菜市|买菜|老人|人行|公交|学校|幼儿园|门口|巷|路边|街|铁丝|铁门|铁栏|栏杆|栅栏|铁棚|铁皮|健身|积水|水里"
_SAFE_CABLE = "没电|断了电(?!线|缆)|拉了?闸|停电|关了闸|电闸[^,。!?]{0,3}(?:拉|关)|万一|耳机|音响|喇叭|收音机|充电线|数据线|修好了|接好了|包好了|有人看着|已经?(?:断|围|拦|处理)|去年|那年"
_EN_CABLE = r"\b(?:power lines?|cables?|wires?|lamp ?posts?|street ?lights?|electric(?:al)? line)\b"
_EN_SPARKS = r"spark|crackl|hiss|fizz|buzz|tingl|blue flash|flashing blue"
_EN_OPEN = r"\b(?:down|dangl\w*|hang\w*|lying|over|across|fallen|fell|snapped|touched|puddle|fence|gate|railing|playground|path|pavement|bus stop|kids|children|school|people)\b"

_SPEECH = "(?:说话|讲话|话|讲闲话|说的?|讲的?)[^,。!?]{0,8}(?:含(?:了|着|住|个|颗|粒|口|块|一|含|糊)|像?嘴里|棉花|大舌头|舌头|不囫囵|不圆|往外蹦|嘟嘟囔囔|黏|漏风|含糊|卡住|不清|不利索|呜噜|变了)|一半就卡|嘴里漏风|叫错|叫了[^,。!?]{0,3}遍"
_FACE = "(?:嘴巴?|嘴[角边]|脸|口角|面孔|眼皮|口)[^,。!?]{0,8}(?:歪|斜|偏(?!方)|垮|吊|耷|往下掉|往左|往右|往一边|木|僵|不会笑|没表情|流出|漏|亮晶晶)|流口水|(?:从|往)[^,。!?]{0,5}嘴[边角][^,。!?]{0,3}[漏流]"
_HAND = "夹空|(?:笔|筷子?|碗|杯|调羹|勺|扣子|棋子|牌|袜子?|饺子|手|茶|汤|饭粒)[^,。!?]{0,6}(?:拿|捏|端|握|系|摸|夹|穿)?(?:不住|不牢|不稳|勿住|不准|不平|不上|不拢|老?往下掉|老?滑|掉|洒|没劲|使不上|借来|抖不住|滑下)|系扣子[^,。!?]{0,3}系了|(?:捏|端|拿|握|抓)(?:不|勿)[住牢稳平上准]"
_LASTING = "(?:中风|脑梗|脑出血)[^,。!?]{0,2}后|语言训练|中风[^,。!?]{0,4}年|脑梗[^,。!?]{0,4}年|[几两三四五六七八十]年了|后遗症|康复|面瘫治|牙科|拔牙|补牙|假牙|从小|天生|宝宝|断奶|长牙|老花|上个?月|去年|出院"
_EN_FACE = r"(?:smile|mouth|face|eye(?:lid)?)[^.]{0,24}(?:lopsided|crooked|droop|slid|slipp|hanging|hangs|sideways|down on one|pull\w* to|to one side|twisted)|(?:corner|side) of (?:his|her|my) (?:mouth|face)[^.]{0,20}(?:slid|droop|hang|down|slipp)"
_EN_SPEECH = r"mouthful of|marbles|cotton wool|speech is|speech (?:sounds|went|has gone)|tongue (?:were|was|is) too|slur|mumbl|all mush|(?:call\w*|calling) (?:me|him|her|us) by|wrong name|words (?:are|come|came)[^.]{0,12}(?:wrong|out)"
_EN_HAND = r"(?:drop(?:ping|ped)|spill(?:ing|ed)|poured?)[^.]{0,30}(?:fork|cup|tea|pen|spoon|chopsticks|glass)|(?:fork|cup|pen|spoon|chopsticks|glass)[^.]{0,12}(?:slip|drop|fall)|do up (?:his|her|my) buttons|drags? (?:his|her|my)|beside the cup"

_POISON = "农药|敌敌畏|百草枯|除草|打虫药|杀虫[剂药]|老鼠药|耗子药|安眠药|药水|药片|药瓶|药盖|(?<!草|中|膏|吃)药(?!店|房|费|效|方|材|酒|膳)|绳子?|瓶盖|炭"
_AT_HAND = "夹空|拧开|盖[^,。!?]{0,5}开|开着?了?盖|(?:手边|枕头边|床头|跟前|桌上)|买好|备好|倒(?:了|在|好)[^,。!?]{0,4}[碗杯]|[倒拌][^,。!?]{0,3}(?:碗|杯|饭|酒)里|抠出来|搭[^,。!?]{0,2}好|挂好|摆[在好着]"
_SETTLES = "存折|密码|地契|房产证|房本|借条|谁(?:家)?[^,。!?]{0,4}欠|欠[^,。!?]{0,6}(?:钱|账)|账[^,。!?]{0,4}算清|一笔一笔|一样一样|交[代待]|积蓄|棺材本|押金[^,。!?]{0,4}退|寿衣|怎么分|给谁|钱给|把[猪羊牛猫狗][^,。!?]{0,4}[卖喂给]|照顾好|好好(?:念书|读书|的|过)|下辈子|来世|拖累|(?:别|莫|不要|不用)[^,。!?]{0,4}(?:惦记|挂念|管[我他她]|回来|来(?:了)?(?:[,。]|$)|打电话|找[我他她]|救)|不用再交|今晚别来|分好了|留了?(?:封|张|个)[^,。!?]{0,2}[信条字]|明天再来|对不起"
_SILENT = "(?:再|后来|现在|怎么)[打拨][^,。!?]{0,6}(?:不接|不通|没人接|关机|勿接|忙音)|再[打拨]就是|不接了|关机|忙音|[打拨]不通|就不通|勿接|拔了线|挂断|挂了|说完就挂|门[^,。!?]{0,3}反锁|不接(?:[,。]|$)|没人接"
_FIELD = "果树|庄稼|菜地|地里|菜园|打药|喷药|除虫|怎么开|拧不开|帮我拧|给我拧|开盖器|按时吃|一天[一二三两]次|领药|开药|配药|过期|医保|说明书"
_EN_POISON = (
    r"weed ?killer|pesticide|rat poison|\bpills\b|tablets|sleeping|the bottle|\brope\b|noose"
)
_EN_AT_HAND = (
    r"\bopen(?:ed)?\b|lined up|laid out|poured|on the table|by (?:his|her|the) bed|counted|ready"
)
_EN_SETTLES = r"passwords?|\bdeeds?\b|\bpin\b|debts?|bank ?book|savings|the (?:cat|dog)|not to (?:worry|come)|n['’]t come|goodbye|sorry|paid (?:a|the|off)|rent|worry about (?:him|her)"
_EN_SILENT = r"(?:doesn['’]?t|does not|won['’]?t|isn['’]?t|not|stopped|no longer) (?:pick|answer|open|reply)\w*|phone is off|switched off|hung up|goes to voicemail|no answer"
_EN_FIELD = r"garden|lawn|allotment|prescription|refill|can['’]?t open|child[- ]?proof"

PLAYED_DOWN: tuple[Sign, ...] = (
    # Down for hours, and a leg that doesn't carry.
    sign("fall", 4, _FLOOR, _DOWN, _LEG, _SINCE, but=_CARE),
    sign("fall", 2, "倒在|躺在|趴在|坐在|瘫在|在(?:地板|地上|地下)|没能起身|坐地", _LEG, but=_CARE),
    sign("fall", 3, "摔|跌|滑倒|绊倒|栽", "(?:胯|大腿|髋|屁股)[^,。!?]{0,6}(?:肿|歪|短|[疼痛]|动不|青)", "天明|天亮|夜里|到现在|才看见|才发现|还说|不打紧|不碍事|没事", but=_CARE),
    sign("fall", 4, _EN_FLOOR, _EN_LEG, but=_EN_LATER),
    sign("fall", 2, r"\b(?:lying|down|sitting|floor|tiles?|rug|landing|went down|rolled out)\b", _EN_SINCE + r"|went down", _EN_LEG + r"|bathroom|toilet|out of bed|\bloo\b", but=_EN_LATER),
    # A live cable where people pass.
    sign("electric", 4, _CABLE, _SPARKS, _OPEN, _PASSERS, but=_SAFE_CABLE),
    sign("electric", 4, _EN_CABLE, _EN_SPARKS, _EN_OPEN, but=r"power is off|switched off|unplugged|headphones|speaker|\btv\b|fixed|last (?:week|month|year)"),
    # A stroke that is said to be tiredness.
    sign("medical", 4, _SPEECH, _FACE, but=_LASTING),
    sign("medical", 4, _HAND, _FACE, but=_LASTING),
    sign("medical", 3, _SPEECH, _HAND, but=_LASTING + "|耳背|方言"),
    sign("medical", 4, _EN_FACE, f"{_EN_SPEECH}|{_EN_HAND}", but=r"years ago|since (?:his|her|the) stroke|physio|dentist appointment|rehab"),
    sign("medical", 4, _EN_SPEECH, _EN_HAND, but=r"years ago|since (?:his|her|the) stroke|physio|rehab"),
    # A farewell, and the means at hand.
    sign("self_harm", 4, _POISON, _AT_HAND, _SETTLES, f"{_SILENT}|{_SETTLES}", but=_FIELD),
    sign("self_harm", 4, r"(?:农药|敌敌畏|百草枯|除草|老鼠药|药片|寿衣|绳)", _SETTLES, _SILENT, but=_FIELD),
    sign("self_harm", 4, "(?:农药|敌敌畏|百草枯|除草剂|老鼠药|安眠药)[^,。!?]{0,4}[喝吃吞]|[喝吃吞][^,。!?]{0,6}(?:农药|敌敌畏|百草枯|除草剂|老鼠药|安眠药)", f"{_SETTLES}|{_SILENT}", but="睡不着|怎么|能不能|医生|开点|" + _FIELD),
    sign("self_harm", 4, _EN_POISON, _EN_AT_HAND, f"{_EN_SETTLES}|{_EN_SILENT}", but=_EN_FIELD),
)  # fmt: skip
