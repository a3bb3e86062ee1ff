"""What danger sounds like when nobody names it: several things in one message that together mean it.

People say goodbye and give the cat away, a stroke is told as clumsiness, a neighbour's television
plays and nobody opens. Each sign lists what must all be said within half a minute, in any order.
As everywhere in this package, gaps are bounded and the text is plain Simplified Chinese or
lower-case English.
"""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

from intake.understanding.safety.played_down import PLAYED_DOWN
from intake.understanding.safety.sign import Sign, sign

_CHILD = "孩|娃|宝宝|孙|囡|崽|幼|[一二两三四五六七八九十]岁|个月大|满月|学生"
_OLD = "老[人头太爷汉两奶伴]|奶奶|爷爷|外婆|外公|姥|阿婆|阿公|[爸妈爹娘]|婆婆|公公|大爷|大娘|大妈|师傅|孃|[七八九]十[一二三四五六七八九]?岁?|岁"
_SOMEBODY = f"{_CHILD}|{_OLD}|姑娘|女的|男的|小伙|个人|有人|的人|闺女|儿子|女儿|老婆|老公|媳妇"
_EN_CHILD = r"\b(?:toddler|baby|child|kids?|children|son|daughter|grandson|granddaughter|little (?:one|boy|girl)|boy|girl)\b"
_EN_ANYBODY = rf"{_EN_CHILD}|\b(?:man|woman|lady|fellow|someone|somebody|neighbou?r|mr|mrs|mum|mom|dad|grandma|grandpa|gran|aunt|uncle|husband|wife|father|mother)\b"
_TODAY = "突然|忽然|今天|今早|今朝|早上|早起|早晨|刚|一下子|中午|吃饭|吃着|打着|这会|现在|下午|上午|夜里|早饭|中饭|晚饭|今儿|昨晚"
_WARM = "炉|炭|煤(?!气)|火盆|烤火|热水器|暖风|取暖|发电机|boiler|heater|generator|charcoal|stove"
_ILL = "头[^,。!?]{0,3}(?:[疼痛昏晕重胀]|嗡)|脑[壳袋筋子]+[^,。!?]{0,4}(?:[疼痛昏晕重]|嗡)|(?<![太真])恶心(?!人|死)|想吐|吐了|犯迷糊|迷糊|犯困|昏沉|脑门[疼痛]|头昏脑|耳鸣|心慌头晕|头重脚轻|腿[^,。!?]{0,3}软|起不来床|踩棉花|打偏|headache|dizzy|feel(?:ing)? sick|swimming|light-headed|drowsy|sleepy|ears are ringing"
_SEVERAL = "邻居[^,。!?]{0,8}(?:疼|痛|晕|吐)|[也都]是|一家|全家|都|两个人|[三四]口|老两口|好几家|好几个|[也]说|们俩|娘俩|爷俩|孩子也|娃也|we all|both of us|all of us"
_SOUNDS = "电视|收音机|广播|灯[^,。!?]{0,4}[亮开]|水[^,。!?]{0,6}[响流淌]|水声|猫|铃[^,。!?]{0,4}响|电话[^,。!?]{0,6}响|哼|呻|敲[^,。!?]{0,4}(?:管|地|墙|板)|糊味|臭|灶|牛奶|报纸|radio|tap|television|\\btv\\b|lights?|papers?|milk|water"
_DAYS = "[一两二三四五六七八几]天|[今昨]天|平常|往常|平时|天天|每天|总|独居|一个人(?:住|在家)|钟头|小时|半天|[二三四五]十(?:多)?分钟|一上午|一下午|一夜|晚上|days?|always|hours?|since"
_LINE = "电线|电缆|(?<![在上下麻棉毛绒鱼针网话交号路衣丝视流热])线(?!路|上|下|索|条|绳|香|圈)|电杆|杆子|插座|插板|插排|接线板|配电|电箱|电表|电闸|cable|wire|power line|socket|fuse box|lamp ?post"
_WET = (
    "水[里坑洼凼塘]|积水|泡|漏雨|漏水|水[^,。!?]{0,4}(?:漫|没过|淹|滴|进)|湿|puddle|water|wet|flood"
)
_LIVE = "火[花星]|冒[^,。!?]{0,4}[光火烟]|蓝光|滋[滋啦]|啪啪|噼|嗡|麻(?!将|烦|油|辣|花|袋|雀)|没动了|打人|sparks?|buzz|crackl|hiss"
_AROUND = f"{_CHILD}|踩|放学|走|过路|kids|children|school|people"
_GOING_AWAY = "搬(?:去|到|家|走|新)|过冬|旅游|出差|住院|女儿家|儿子家|公证|退休|值班|回来再|[一二三四五六七八九十\\d]月[^,。!?]{0,3}回来|挂失|捐|过期|忘了密码|密码忘|moving|holiday|hospital|lost my"
_LISTED = "演出|课|考试|比赛|班车|报名|复查"
_NOT_THERE = "去[^,。!?]{0,4}家了|耳背|洗衣机|装修|快递|门铃坏|遥控|吵|太响|太大|去讲讲|去说说|物业|客服|没人住|空了|timer|empty|turn it down"
_NO_DROP = "钓鱼|跳舞|散步|摆摊|下棋|加装|护栏|擦|鸽|垃圾|拍照|晒|大爷们|always|smoking|net up"

SIGNS: tuple[Sign, ...] = (
    *PLAYED_DOWN,
    # Farewells, and means at hand.
    sign("self_harm", 2, "存折|房[本产]|户口本|身份证|遗照|信封|压岁钱|屋[子里]|房间|银行卡|密码|钥匙|戒指|首饰|金[器镯]|遗像|相片|(?<!防)猫|狗|八哥|鸟|鱼竿|象棋|东西|衣[服裳]|鞋", "(?:[给送托留交分]|搁|放|压|贴|藏|挑|叠|烧|换|扫|收拾|洗|摆|分)[^,。!?]{0,10}(?:[了好]|老[大二三]|在|给|干净|出来)|接过去|都给", "用不[上着]了|(?:往后|以后)[^,。!?]{0,6}不用|不用(?:再)?送|(?:别|莫)来|走(?:之)?前|临走|收班|告[^,。!?]{0,2}别|说再见|道别|对不起|讲一声|说一声|这(?:几|些|一)?(?:年|辈子)[^,。!?]{0,4}(?:麻烦|劳|谢|多亏)|不回来|觉得不对|不对头|不对劲|别让[^,。!?]{0,6}(?:看见|看到)|不拖累|够用|够了|去找[他她]|你们别|别的没[啥什]|没别的了|给更需要|就不在了|虚掩|见不[着到]了", but=_GOING_AWAY),
    sign("self_harm", 2, "(?:药|片子|安眠|安定|[粒颗片])[^,。!?]{0,8}(?:数[好过了]|攒|囤|够(?:了|数|用)(?!吃)|备好|凑)|够一觉|一觉睡过去|[攒囤][^,。!?]{0,4}(?:药|片)|(?:counted|saved)[^.]{0,8}(?:tablets|pills)|(?:tablets|pills)[^.]{0,14}enough", but="配(?:药|一|点|两)|开药|够吃|过期|医保"),
    sign("self_harm", 2, "不(?:用|想|必|愿|要)[^,。!?]{0,2}(?:醒(?!目)|睁眼)|睡(?:过去|着)[^,。!?]{0,4}(?:就好|不醒|算了)|一觉不醒|not wake up"),
    sign("self_harm", 2, "(?:老伴|老头子?|老太婆|老婆子?|他|她|你[爸妈爹娘]|兄弟)[^,。!?]{0,6}(?:走|没|去世|不在)了?|在那[头边]|七七|头七", "(?:早点|想|该)过去|等(?:着)?我[^,。!?]{0,4}(?:年|呢|了)|(?:去|来)(?:找|陪|见|寻)(?:他|她|你[爸妈爹娘]|老伴)|跟(?:他|她)(?:去|走)|我也该", but="扫墓|看他|医院|派出所"),
    sign("self_harm", 2, "(?:不用|别|莫|不要)(?:再)?(?:安慰|劝|拦|救|管)我", "清楚|想好|想通|[江河湖库桥楼]|药|累|没人", but="手续|报名|物业|贷款"),
    sign("self_harm", 2, r"won['’]?t be seeing|won['’]?t see (?:me|him|her) again", r"handed|gave|given|envelope|calm|goodbye|letter", but="moving|holiday"),
    sign("self_harm", 1, "最后一(?:顿|次|回|面|餐)|出远门|很远的地方|不回来了|够本|这辈子就|就到这(?:儿|里)", "我|奶奶|爷爷|你们|他", but=_GOING_AWAY + "|" + _LISTED),
    sign("self_harm", 1, "很远的地方|出远门", "不回来|不用(?:再)?(?:送|来)", but=_GOING_AWAY),
    sign("self_harm", 1, "今(?:晚|夜)[^,。!?]{0,8}(?:一了|了了|了结|办了|解脱|走了|就算)|(?:撑|熬)到今天|明天就算了", "我|奶奶|爷爷|你们|他", but=_LISTED),
    sign("self_harm", 1, "没(?:有)?我[^,。!?]{0,6}(?:好|轻松|清[净静])|累赘|拖累|轻松了|清静了|心里[^,。!?]{0,4}静了", "我|奶奶|爷爷|你们|他", but=_LISTED),
    sign("self_harm", 2, "(?:天台|楼顶|顶楼|房顶|屋顶)[^,。!?]{0,8}(?:门|风|上)|(?:江|河|湖|海|水库|塘|堤|桥)(?:边|沿|岸|坝|头|上)?[^,。!?]{0,6}(?:坐|站|石阶|栏杆)|(?:坐|站|待)在?[^,。!?]{0,4}(?:江|河|湖|海|水库|塘|桥)(?:边|沿|岸|上)", "弄开|风|鞋|清[静净]|(?:水|天)[^,。!?]{0,4}[冷凉黑]|下去|一下午|一上午|半天|半夜|哭|不走|不想回|不说话|讲一声|说一声|静", but=_NO_DROP),
    sign("self_harm", 3, "(?:窗|门)缝?[^,。!?]{0,8}(?:胶|糊|封|堵|塞)", "炭|煤气|火盆"),
    sign("self_harm", 2, "绳子?[^,。!?]{0,4}(?:挂|系|拴|套|打)|凳子[^,。!?]{0,3}(?:搬|摆)", "静|好了|我|够", but="晾|衣服|狗|拔河|床单"),
    sign("self_harm", 2, "(?:留|写)[^,。!?]{0,2}(?:张|个|封)[^,。!?]{0,3}(?:条|信|字)|发[^,。!?]{0,3}(?:微信|短信|信息)|挨个打|打电话(?:来)?[^,。!?]{0,2}说|rang|texted|wrote", "对不起|别找|不用找|照顾好|说再见|就到这|不对|下辈子|保重|sorry for everything|goodbye|not to (?:come )?look", but="骗|垃圾短信|物业|银行"),
    sign("self_harm", 2, r"(?:given|gave|giving)[^.]{0,30}(?:bank book|keys|savings|ring|card|dog|cat)|found someone for (?:the|my) (?:dog|cat)", r"before i go|thank you all|goodbye|won['’]?t need|no need|sorry", but="moving|holiday|hospital"),
    sign("self_harm", 2, r"don['’]?t (?:send|come)[^.]{0,14}(?:tomorrow|any ?more|anyone)", r"tablets|pills|enough|sorry|goodbye|before i go"),
    sign("self_harm", 3, r"(?:sitting|standing) (?:on|at)[^.]{0,10}(?:bridge|edge|ledge)[^.]{0,20}(?:legs|over|side|quiet)"),
    # On the edge.
    sign("trapped", 3, f"(?:{_SOMEBODY})[^。!?]{{0,16}}(?:骑|挂|悬|翻|爬|站|蹲|趴|坐)[^,。!?]{{0,3}}(?:在|到|上|出|了)[^,。!?]{{0,3}}(?:窗(?:台|外|户外|沿)|(?:护栏|栏杆|防盗[窗网]|阳台)[^,。!?]{{0,2}}外|外机|空调(?:架|外)|雨棚|房檐|屋檐|女儿墙|水箱)|(?:窗台|护栏|栏杆|空调架|水箱|天台边|楼顶边)[^,。!?]{{0,4}}(?:坐|站|骑|蹲)[^,。!?]{{0,3}}(?:着|个|一)[^,。!?]{{0,8}}(?:{_SOMEBODY})", but=_NO_DROP + "|修|装|师傅"),
    sign("trapped", 3, rf"(?:{_EN_ANYBODY})[^.]{{0,30}}(?:outside (?:of )?the (?:balcony|railing|window)|on the (?:window ?sill|ledge|outside))|legs (?:dangling|hanging|over)", but=_NO_DROP + "|cleaner|repair"),
    sign("trapped", 3, f"(?:{_CHILD}|人)[^,。!?]{{0,4}}(?:挂|悬|吊)[^,。!?]{{0,2}}(?:在)?[^,。!?]{{0,2}}(?:外面|外头|半空|楼外)", but="号|衣服|灯笼|气球"),
    # Nobody opens.
    sign("unresponsive", 2, "(?:敲|叫|喊|拍|捶|砸|打)[^,。!?]{0,10}(?:没人|没有人|不|没)[^,。!?]{0,2}(?:应|开|答|接|理|吭|声|动静|出来|来开)|(?:不吭[气声]|没声音?|不答应|没人来开|没得动静|没动静)|嗯了一声", _SOUNDS, _DAYS, but=_NOT_THERE),
    sign("unresponsive", 1, "(?:敲|叫|拍|捶|砸)[^,。!?]{0,3}门[^,。!?]{0,8}(?:没人|不|没)[^,。!?]{0,2}(?:应|开|答|理|吭|声|动静)|叫门没|敲门没", f"{_SOUNDS}|独居|一个人住|{_OLD}", but=_NOT_THERE + "|推销|广告|收费"),
    sign("unresponsive", 2, "平常|往常|天天|每天|总(?:是|要)|always", "(?:[今两三四五六七几]|好几)天[^,。!?]{0,6}(?:没见|没来|没动|没得动|没下|没出|没露|没拿)|不见出来|没人关|haven['’]?t seen", _OLD + "|mr|mrs|neighbou?r", but=_NOT_THERE),
    sign("unresponsive", 2, "往常|平常|平时|总是|每天|天天|都是|准(?:给|会|来|在)|normally|usually|always", "(?:今天|今早|今朝|到[^,。!?]{0,3}(?:中午|现在|晚上))[^,。!?]{0,8}(?:没|不|莫|冇)|still (?:shut|closed|drawn)|hasn['’]?t|haven['’]?t", "没人接|没接|打不通|窗帘|灯|门|敲|curtains|kettle|lights?|door|phone", but=_NOT_THERE + "|食堂|班车|电梯|垃圾|停电|送餐|送饭"),
    sign("unresponsive", 2, "洗澡|厕所|卫生间|浴室|马桶|bathroom|shower", "钟头|小时|半天|分钟|没出来|an hour|ages", "不吭|没声|不应|不答|喊|嗯了|没动静|敲门|no answer|not answer|doesn['’]?t answer", but="装|修|漏|扶手"),
    sign("unresponsive", 2, r"nobody (?:comes|answers|opens)|no answer|no one (?:comes|answers|opens)|(?:isn['’]?t|not) (?:picking up|answering)|(?:doesn['’]?t|won['’]?t) (?:answer|open|come to)", f"(?:{_SOUNDS})", _EN_ANYBODY, but=_NOT_THERE + "|delivery|office|reception"),
    # Children behind doors, and ill ones.
    sign("trapped", 3, f"(?:{_CHILD})", "锁|关(?!了火|火)|带上|刮上|门[^,。!?]{0,3}(?:风|上了)|撞上", "灶|炖|油锅|开着火|锅|粥|煮|太阳|车[里头]|水龙头|熨", but="没开火|灶[^,。!?]{0,4}关|火(?:是)?关|没锁|没关"),
    sign("trapped", 1, f"(?:{_CHILD})[^。!?]{{0,16}}(?:反锁|锁[^,。!?]{{0,4}}[里屋]|关[^,。!?]{{0,4}}里)|(?:锁|关)[^,。!?]{{0,3}}(?:屋|家|车|阳台|厕所|卫生间)[^。!?]{{0,16}}(?:{_CHILD})", but="书包|玩具|在(?:门外|外头)等"),
    sign("trapped", 3, _EN_CHILD, r"locked|shut (?:him|her|it)?self|slammed|shut", r"stove|cooker|hob|oven|bath|hot car|in the car|iron", but="is off|are off|turned off|not on"),
    sign("medical", 2, f"(?:{_CHILD}|他|她|妈|爸)", "(?:出气|喘气?|呼吸|气)[^,。!?]{0,6}(?:一抽|凹|拉|哨|急|不匀|不对|费劲|呼噜|不好)|肋[^,。!?]{0,4}凹|胸[^,。!?]{0,3}凹", but="燃气|煤气|天气|空气|暖气|天然气"),
    sign("medical", 3, r"breathing (?:is(?:n['’]?t| not)?|sounds?|looks?) (?:not )?(?:right|well|funny|strange|fast|noisy|odd|wrong|bad)|ribs (?:pull|suck|go) in|not breathing (?:well|right|properly)"),
    sign("medical", 2, "烧(?!水|饭|菜|烤|纸|香|叶|腊|煤|炭|炉|了个|饼|金|袋)|高烧|发热", "抽(?!烟|屉|水|血|查|空)|吊|翻|颤|抖|挺|傻呆|迷糊|胡话|不认|叫不|不吃奶|蔫", f"{_CHILD}|老|妈|爸|人", but="水[^,。!?]{0,3}烧|热水|烧饼|着了?火|燎泡|退了|好了|三十六|正常|热水器|锅|煤气|证明"),
    sign("medical", 3, "fever|temperature", r"twitch|\bfit\b|fits|jerk|limp|stiff|floppy|shak|eyes roll", but="yesterday|last (?:week|month|year)"),
    sign("medical", 2, "满月|(?:刚|才)[^,。!?]{0,3}(?:生|[几一二两三]个?[天月])", "不(?:肯)?吃奶|不哭|发软|软绵|发黄|青|发凉|叫不", but="证|疫苗|奶粉"),
    sign("medical", 2, f"(?:{_CHILD})", "(?:吞|咽|误?食|塞|含)了?[^。!?]{0,12}", "干呕|流口水|咳|说不出|哭不出|脸[^,。!?]{0,3}[红紫青]|不知道|堵|噎", but="吞吞吐吐|睡觉|湿疹"),
    # A stroke told as clumsiness.
    sign("medical", 2, "(?:筷子?|快子|杯子?|碗|牌|勺|扣子?|笔|手机|东西|遥控|茶)[^,。!?]{0,6}(?:老?[是往]?[^,。!?]{0,3}掉|[抓扣拿捏端握系][^,。!?]{0,2}不|捡了掉|滑)|倒水[^,。!?]{0,4}外|[抓扣拿捏端握]不[住上稳]|(?:cup|mug|fork|spoon|chopsticks|pen|phone)[^.]{0,16}(?:slip|drop|fall)", f"{_TODAY}|不碍事|不要紧|没事|睡|笑我|让我别|says|nothing", but="坏|摔碎|掉(?:了|进|到)[^,。!?]{0,4}(?:水|湖|沟|马桶|缝|床|下水)|找不|落在"),
    sign("medical", 2, "(?:嘴巴?|嘴角|脸|口角|面孔)[^,。!?]{0,8}(?:[歪斜垂挂耷]|打了麻药|没知觉|往[左右下]|漏|僵|木|偏(?!方)|垮|吊|不会笑|没表情|往一边)|[流淌]口水|口水[^,。!?]{0,4}(?:直|[流淌滴])|没脸|口歪|(?:smile|mouth|face)[^.]{0,14}(?:sideways|crooked|droop|lopsided|slid|one side)", but="牙科|拔牙那|瓜|锅|睡觉流|馋|宝宝|湿疹|断奶|口水[巾鸡]|疫苗|偏[爱方心]|脸盆|长牙|假牙|镶牙"),
    sign("medical", 2, "(?:说话|讲话|说的|讲的|(?<!电)(?<!普通)(?<!笑)话|讲)[^,。!?]{0,10}(?:黏糊|含着|含(?:了|住|个|颗|粒|口|块|一)|塞(?:了|着|满)|舌头|不囫囵|不圆|往外蹦|嘟嘟囔囔|漏风|含糊|听不[懂清出]|牛头不对|呜噜|呜呜|嗯嗯|啊啊|[全都][^,。!?]{0,2}乱|不清(?!楚时间|楚地)|说不清楚|大舌头|听不懂)|一句[^,。!?]{0,4}(?:听不懂|没听[懂明清])|话也(?:不会|说不|讲不)|all mush|no sense|听不懂我|答[^,。!?]{0,4}(?:牛头|不上)|叫错[^,。!?]{0,3}名|sounds? drunk|slur|mumbl|mouthful of|cotton wool|speech is (?:thick|funny)|tongue (?:is|were|was) (?:too|thick)", f"{_TODAY}|他|她|爸|妈|老", but="方言|普通话|电话里|信号|喇叭|广播|耳背|听力|助听|乡音|外语|语音|(?:隔着|手机|微信|电话里|视频|窗口|医保|材料|验证码|客服|通知|遥控|短信|银行|社保|师傅)[^。!?]{0,30}(?:[讲说](?:不清|得?不清)|不清楚|听不懂|不清不楚|没听[懂明])"),
    sign("medical", 2, "(?:[左右]|半[边拉个]|一[边只条侧])(?:身子|身|手|脚|腿|胳膊|膀子|脸)?[^,。!?]{0,8}(?:木|麻|凉冰|冰凉|借来|不听使|拖着|画圈|发软|没劲|没脸|吊着|垂着)|(?:arm|leg) (?:just )?hangs|手[^,。!?]{0,8}木木|走路[^,。!?]{0,4}(?:画圈|往[左右一]|拖)|dragging (?:one|his|her)", f"{_TODAY}|他说|笑|还说|不要紧|不碍事|says", but="按摩|艾灸|理疗|推拿|后遗症|多年|常年|好几年|冬天一冷|手术|打石膏"),
    sign("medical", 2, "(?:一[边只]眼|左眼|右眼|眼睛?)[^,。!?]{0,6}(?:突然|刚才)?[^,。!?]{0,4}(?:看不见|黑了)", f"又好了|要不要紧|{_TODAY}", but="老花|白内障|眼镜|路灯|看不见字|字太小|屏"),
    # Heart.
    sign("medical", 2, "下巴|左[^,。!?]{0,2}[膀肩臂手胳]|后背|胃|心口|胸|jaw|left arm|elbow|shoulder|indigestion", "冷汗|虚汗|一身[汗水]|出[^,。!?]{0,3}汗|汗[^,。!?]{0,6}(?:湿|透)|(?:脸|唇)[^,。!?]{0,3}[灰白]|grey|sweat|tightness", but="跳舞|运动|跑步|锻炼|空调|gym|blanket|衣裳湿"),
    sign("medical", 3, "(?:心口|胸口?|心窝)[^。!?]{0,12}(?:石头|磨盘|石磨|压|踩|勒)|(?:石头|磨盘|东西)[^,。!?]{0,6}压[^,。!?]{0,4}(?:心口|胸)", "汗|没得用|没用|没松|膀|胳膊|后背|喘"),
    sign("medical", 2, r"\bgrey\b|\bpale\b|clammy|ashen", r"sweat|arm|chest|steps|stairs|indigestion|jaw", _EN_ANYBODY, but="hair|paint|coat|wall"),
    # Gas and smoke without a flame.
    sign("gas", 2, _WARM, _ILL, but="通一通|检查|多少钱|今年想|空调"),
    sign("gas", 1, _SEVERAL, _ILL, "味|窗|门[^,。!?]{0,3}关|早上起|早起|醒|洗[^,。!?]{0,2}[澡浴]|睡|smell|woke|window", but="油漆|涂料|甲醛|刷|装修|吵|食堂|学校|paint"),
    sign("gas", 2, "(?:臭鸡蛋|怪味|(?<!不是)煤气|天然气|燃气|味道?[^,。!?]{0,4}(?:冲|重|大|呛)|味)[^。!?]{0,10}|rotten|smell", _ILL, but="化粪|阴沟|不是煤气|油漆|涂料|甲醛|刷|装修|垃圾|下水|厕所|烧烤|抽烟|烟味|香水|paint|rubbish|bins"),
    sign("gas", 2, "像煤气|鼻子不灵|打[不]?[^,。!?]{0,3}着[^。!?]{0,8}味[^,。!?]{0,3}大|味[^,。!?]{0,6}冲[鼻人]", "味|气", but="油漆|厕所|垃圾|下水道返"),
    sign("gas", 3, r"gas[^.]{0,20}(?:won['’]?t (?:turn|shut|go) off|can['’]?t turn)|(?:won['’]?t|can['’]?t) turn[^.]{0,12}gas[^.]{0,8}off", _ILL),
    sign("gas", 3, "(?:下去|进去|下到|钻)[^。!?]{0,14}(?:没上来|半天没|没声|没出来|上不来)", "人|师傅|个|他", but="球|猫|狗|手机"),
    # Live wires.
    sign("electric", 2, _LINE, _WET, but="没电|断了电(?!线|缆)|拉了闸|停电|关了闸|离晾|要是|万一|耳机|上班|线上|绒线|毛线|路线"),
    sign("electric", 2, _LINE, _WET, f"{_LIVE}|{_AROUND}", but="没电|断了电(?!线|缆)|拉了闸|停电|关了闸|万一|耳机"),
    sign("electric", 2, _LINE, _LIVE, f"{_AROUND}|没人管|掉|断|吊|挂|耷|漏|摸", but="拔了|没电|断了电(?!线|缆)|拉了闸|停电|耳机|噪"),
    sign("electric", 3, "(?:高压线|电线|电缆)[^,。!?]{0,6}(?:搭|压|缠|砸|掉|落)[^,。!?]{0,3}(?:在|到|着)[^,。!?]{0,6}(?:车|人|房|棚|水|铁)", but="要是|万一|没电|断了电(?!线|缆)|停电"),
    sign("electric", 3, "水龙头|洗衣机|冰[柜箱]|热水器|插座|灯|漏电", "[手臂膊指][^,。!?]{0,4}麻|弹(?:到|开|出|倒)|甩出|打[得到]?[^,。!?]{0,3}(?:麻|倒)", but="冬天|静电|按摩|老毛病"),
    sign("electric", 2, "(?:灯杆|路灯|护栏|铁门|扶手|洗衣机|冰箱|热水器|水龙头|外壳)[^,。!?]{0,8}(?:麻|带电|过电|漏电)|摸[^,。!?]{0,4}麻", but="拔了|断了电(?!线|缆)|没电|关了闸|倒是不麻"),
    # Who lies or sits where nobody helps.
    sign("fall", 2, "(?:坐|躺|趴|倒|瘫|滑|梭)[^,。!?]{0,3}(?:在|到|下)?[^,。!?]{0,6}(?:地上|地板|地下|地|浴缸|楼梯)|(?:on|off)[^.]{0,10}floor\\b|in the bath\\b", "起不来|没起来|到(?:现在|这会)|钟头|小时|从[^,。!?]{0,8}(?:饭|点|过)|夜里|昨晚|够不着|刚够着|水都凉|不让叫|since|still|can['’]?t get|一碰|不能碰|不敢动", but="地板[^,。!?]{0,4}(?:泡|翘|松)|水[^,。!?]{0,4}地|练|瑜伽|打牌"),
    sign("fall", 3, "浴缸|澡盆|bath ?tub", "出不来|爬不|起不|can['’]?t get out", but="扶手|装|跨不进|每次|总是"),
    sign("fall", 2, "[滑摔绊跌梭]|踩空|slid|slipped|fell", "不能碰|一碰就?[^,。!?]{0,2}(?:叫|疼)|站不[起住]|朝后|变形|拐着|冰凉|还能哼|头底下[^,。!?]{0,3}血", but="去年|前年|年前|上个月|上月|那年|后来"),
    # Wanderers.
    sign("missing", 2, f"(?:{_OLD})", "认不得|不认得|记不得|忘了家|糊涂|记性|老年痴呆|说不上来|不知道自己|要(?:回|找)[^,。!?]{0,4}(?:老家|妈|娘)", "出去|出门|没(?:上楼|回|到家)|走[^,。!?]{0,4}(?:国道|马路|路上|河)|上了(?:公交|车)|坐到|睡衣|光脚|拖鞋|一个人", but="手环|登记|申请|讲座|怕(?:她|他)?走|防走失"),
    sign("missing", 3, r"(?:doesn['’]?t|don['’]?t|can['’]?t|not) (?:know|remember|say) where (?:she|he) lives|forgets where (?:we|he|she) lives?", r"\b(?:lady|man|woman|husband|wife|mother|father|mum|dad|she|he)\b", but="bracelet|class|leaflet"),
    sign("missing", 3, "人(?:就)?(?:没|不见)了|人没影", "零下|下雪|光脚|拖鞋|鞋在|天黑|夜里|半夜|糊涂", but="去世|走了[^,。!?]{0,3}年"),
    sign("missing", 2, "放学|下学|培训班", "钟头|小时|半天|天黑|到现在", "没(?:到家|回|见|接到)", but="托管|没人接送"),
    # Whispered.
    sign("violence", 2, "小声|小点声|嘘|别(?:给我)?(?:打|回)[^,。!?]{0,3}(?:回来|过来|电话)|(?:他|她|那人)(?:就)?在(?:旁边|边上|客厅|隔壁|门口|外面|楼下|楼道)|他睡着|can['’]?t talk|whisper|in the next room|假装|装成|不方便[说讲]|ring back|call back|点(?:一|个|份)", "打的|打我|皮带|血|锁|出不去|钥匙|害怕|我怕|多带|刀|一起死|推我|不让|逼|keys|charger|hit|hurt|knife|收了我|扣了我|\\bbat\\b|outside my|again", but="电话打|饭堂|食堂|锁芯|配钥匙"),
    sign("violence", 2, "(?:不让|不许|不准|不给)[^,。!?]{0,4}(?:出门|出去|走|打电话|吃饭)|手机[^,。!?]{0,3}(?:查|收|扣|抢)", "推|撞|打|掐|怕|锁|男朋友|老公|丈夫|他|儿子", but="物业|保安|宠物|狗|车位|楼道|电梯|医生|大夫"),
    sign("violence", 3, "一起死|同归于尽|敢[^,。!?]{0,6}就[^,。!?]{0,4}(?:死|杀|砍)", "他|她|前夫|前妻|老公|儿子|守|堵", but="游戏|电视"),
    sign("violence", 3, "刀[^,。!?]{0,4}(?:插|拍|架|顶|拿)|(?:插|拍)[^,。!?]{0,3}刀", "要[^,。!?]{0,4}钱|喝[多醉]|桌|我", but="磨|切|钝|剪刀|卖|换|练|舞"),
    sign("violence", 2, "别打了|求[^,。!?]{0,4}(?:他|别)|惨叫|咚的?一声", "没声|没动静|哭|停了", but="电视|片子|游戏|装修|剧"),
    sign("violence", 2, "(?:转|拧|扳|撬|捅|拉)[^,。!?]{0,6}(?:门把|把手|门锁|锁眼|门)|在门外[^,。!?]{0,6}(?:不走|站)", "一个人在家|我(?:一个人)?怕|好几[回次]|不敢|半夜|深夜", but="修|换|开锁|师傅|锁芯|钥匙[^,。!?]{0,6}转"),
    sign("violence", 1, "青一块|紫一块|淤青|掐[^,。!?]{0,4}(?:胳膊|脖|大腿)", "保姆|护工|儿|媳|老公|不敢说|不敢讲", but="打针|抽血|摔|磕"),
    # Medicine and oxygen.
    sign("medical", 3, "胰岛素|降糖|insulin", "两[遍次针份]|双份|打重|(?:打|吃)过[^。!?]{0,10}又|又打|没吃饭|晃|again|twice|double|gone quiet", but="没了|用完|最后一|配|两支|两盒|ran out|refill|说明|怎么打|一天|每天|记得住|换了"),
    sign("medical", 2, "(?:药|片)[^。!?]{0,10}(?:一次[^,。!?]{0,3}吃|两[顿遍次份倍][^,。!?]{0,3}(?:量|吃)?|双份|多吃|吃重|吃多|当糖|空了|不知道吃了)|吃了几[颗片粒]|(?:两顿|一(?:礼拜|星期|周)|[三几]天)的(?:量|药)", "吃|喝|血压|空", but="剩|配|买|饭前|每天|一天|用完|怎么吃|吃完了|够吃|饭后|按时|领"),
    sign("medical", 3, "(?:漂白|84|洁厕|洗厕所|消毒)[^。!?]{0,12}(?:倒一|混|掺|一块|一起)|当(?:成)?(?:油|水|酒|饮料|糖|醋|牛奶)[^,。!?]{0,3}(?:喝|吃|咽)", "呛|喘|吐|泡|喝|晕|吃|咳", but="怎么|能不能|维生素|钙片|碍不碍"),
    sign("medical", 2, "制氧机|治氧机|呼吸机|渐冻|靠电[^,。!?]{0,4}[喘呼]|机器[^,。!?]{0,4}(?:喘气|呼吸)|氧气(?!健身)|吸痰|oxygen|ventilator", "没电|停电|断电|停了|不转|坏|红|空|乌|喘|半(?:个)?(?:小时|钟头)|分钟|撑|断电|备用|到零|power|stopped|empty", but="租|借|怎么用|报销|多少钱"),
    # Bleeding, faints, heat, cold, water.
    sign("medical", 2, "华法林|抗凝|阿司匹林|利伐|blood thinner", "破|渗|流|血(?!压|管|糖)|淤|摔|磕|bleed|cut", but="配|最后一|断|买|抽血|查血"),
    sign("medical", 2, "孕|怀[^,。!?]{0,4}月|[六七八九]个月", "红|血(?!压|糖|型|检)|水[^,。!?]{0,3}破|肚子[^,。!?]{0,4}[疼痛硬]|抽|晕", "湿|流|一片|裤|疼|痛|床|厉害|突然", but="产检|建卡|疫苗|红糖|红包"),
    sign("medical", 2, "(?:血|鼻血)[^,。!?]{0,4}(?:一脸盆|一盆|一碗|不停|好几)|(?:柏油|黑)[^,。!?]{0,8}(?:(?<!半)拉|虚|便(?!利|民|宜))|(?<!半)拉[^,。!?]{0,6}(?:柏油|黑)", but="猪|鸡|鱼|杀|盆栽"),
    sign("medical", 3, "(?:叫|喊|推|摇|拍)[^。!?]{0,8}(?:不灵清|不醒|不应|不睁|不大理|只打呼噜|就眼皮|没反应|没应)|半开半闭|slumped|(?:won['’]?t|doesn['’]?t|isn['’]?t|not) answer(?:ing)? me|cold to the touch|eyes (?:are )?half open", f"{_SOMEBODY}|他|她|{_EN_ANYBODY}", but="物业|手机|电梯|保安|客服|按铃|耳背|洗衣机|门铃|门卫|值班|cat|dog"),
    sign("medical", 2, "直勾勾|傻呆|头[^,。!?]{0,2}耷拉|蹲[^,。!?]{0,6}(?:墙|地)|胡话|没汗|不出汗|白得", "叫|喊|推|热|太阳|晒|烫|凉|抽", but="狗|猫|花"),
    sign("drowning", 3, "(?:水|河|江|湖|塘)(?:里|面|中)[^,。!?]{0,4}(?:有|漂)[^,。!?]{0,6}(?:手|人|头|脚|东西)[^,。!?]{0,4}(?:像|一起|一伏|沉|$|,|。)|像是?个?人$|冰[^,。!?]{0,4}(?:嘎|裂|响|薄)", f"{_CHILD}|人|手|头|鞋", but="死鱼|钓|垃圾|管秩序|够厚|塑料"),
    sign("drowning", 3, "水[^,。!?]{0,4}(?:齐|到|过|没|淹)[^,。!?]{0,2}(?:腰|胸|脖|床)|车[^,。!?]{0,4}(?:泡|淹|没)[^,。!?]{0,3}(?:窗|顶|车门)", "人|喊|没出来|司机|里头|孩|推不开|腿|出不", but="人没事|人都好|床底"),
    # Fire.
    sign("fire", 3, "(?:燃)(?:了|起来|着|开)(?!气)|火[^,。!?]{0,4}(?:腾|更大|窜|蹿|越来越[大旺]|越烧)|(?:红光|火光|橙光|orange glow)|噼里啪啦[^。!?]{0,10}(?:响|红|烧)", "车|锅|炸|被|屋|楼|棚|店|味|烟|水|门|shop|flat|window|hours", but="火腿|肝火|上火|夕阳|灯笼|霓虹|烟花|演|火锅店|天气"),
    sign("fire", 2, "糊味|焦味|烧焦|胶皮味|burning smell|(?<![油抽排吸香])烟(?!机|囱|酒)", "敲门|捶门|没人|门打不开|不开门", "灶|屋|家|咳|味", but="烧烤|抽烟|烟味|腊肉|吸烟|香烟|串|烟囱多少"),
    sign("fire", 2, "冒着?[^,。!?]{0,2}烟|往屋里倒烟|smoke", "阳台|被子|插|屋|咳|娃|又燃|锅|墙", but="烧烤|抽烟|腊肉|吸烟|香烟|串|熏完|cigarette|bbq|barbecue|alarm|detector|leaves"),
    # People under things, beasts, cars, lifts.
    sign("medical", 2, "压[在着][^,。!?]{0,6}(?:腿|脚|人|底|下面)|翻了[^。!?]{0,8}(?:压|底下)|(?:咬|叼)[^,。!?]{0,8}不松", f"{_SOMEBODY}|工人|哼", but="猫|纸|信|钱|单子"),
    sign("trapped", 2, "电梯", "喘|闷|孕|灯[^,。!?]{0,3}[灭黑]|晕|心脏|哭|抖|掉|坠", "里|困|卡|关", but="不闷|灯亮|没事|都好|不喘|稳"),
    sign("trapped", 2, f"(?:{_CHILD}|baby|toddler|child)", "车[里头厢]|空调坏|in (?:a|the) (?:hot )?car|locked car", "关|锁|闷|汗|热|哭|太阳|一个人|alone|sun", but="座椅|租|接送|校车时"),
    sign("medical", 3, "雪[地堆里]|桥[下洞]|零下|冰天|冻", "躺|趴|睡|蜷|倒", "人|老|脸|酒", but="床|被子|暖气|猫|狗|炕"),
    sign("medical", 2, "头孢|青霉素|花生|海鲜|蟹|虾|蜂|蜇", "一片片?红|疙瘩|肿|喉咙[^,。!?]{0,3}紧|闷|喘|脸[^,。!?]{0,3}青", but="去年|以前|过敏体质|忌口"),
)  # fmt: skip
"""Every sign, by subject; the first part of each gives the evidence."""
