"""Word lists for names: titles of kin and of professions, and words that are never names."""

# Titles that need not be a title: 王姐 and 大姐 alike.
_KIN_TITLES_TEXT = "奶奶 爷爷 姥姥 姐 哥 叔 婶 姨 嫂 伯 爷 奶 叔叔 老师 师傅 医生 大夫 主任"
KIN_TITLES = frozenset(_KIN_TITLES_TEXT.split())


# 老 with a character that looks like a surname.
_NOT_NAMES_TEXT = (
    "老大 老二 老三 老四 老人 老伴 老婆 老公 老家 老头 老太 老师 老板 老是 老年 老早 老半 "
    "老腰 老命 老弱 老远 老实 老高 老长 老了 老房 老区 老楼 老街 老化 老赖 老汉 老爹 老娘 "
    "老妈 老爸 老两 老小 老少 老朋 老同 老邻 老地 老样 老花 老胳 老骨 老毛 老不 老爷"
)
NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())


# What stands before a title and is no surname.
_TITLE_WORDS_TEXT = (
    "志愿 管理 保洁 邮政 快递 外卖 维修 理发 开车 装修 大 小 老 有 个 位 的 你 我 他 她 请 叫 "
    "这 那 护 医 数 语 英"
)
TITLE_WORDS = frozenset(_TITLE_WORDS_TEXT.split())

ELDERS = (
    "(?:我|俺|咱|他|她|我们)?(?:家)?(?:妈妈|爸爸|妈|爸|娘|爹|母亲|父亲|婆婆|公公|婆|岳母|岳父|丈母娘|老丈人|外婆|外公|姥姥|姥爷|"
    "姥|奶奶|爷爷|阿婆|阿公|老伴儿|老伴|老头子|老头儿|老头|老太太|老太婆|老爷子|老人家|老汉儿|老汉|老人|老娘|老爹|老公|"
    "老婆|爱人|先生|太太|丈夫|妻子|媳妇|姐姐|姐|哥哥|哥|大姐|大哥|妹妹|弟弟|姨妈|姨|姑妈|姑姑|姑|舅舅|舅妈|舅|叔叔|叔|婶婶|"
    "婶|伯伯|伯父|大伯|伯母|嫂子|大爷|二姨|大姨|三姨|大舅|二舅|奶)"
)
CHILDREN = (
    "(?:我|俺|咱)?(?:家)?(?:儿子|女儿|闺女|孙子|孙女儿?|外孙女?|外甥女?|侄子|侄女|女婿|"
    "儿媳妇?|孩子|娃儿?|小孩|幺儿|囡囡|我儿)"
)

_PROFESSIONS_TEXT = "老板 老板娘 师傅 师父 医生 大夫 主任 教授 会计 工程师 老师 工 总"
PROFESSIONS = frozenset(_PROFESSIONS_TEXT.split())
"""Titles that a worker, a doctor or a clerk has as often as a resident."""

# Words, not names, that begin with 小, 大 or 阿 and a surname.
_NOT_LITTLE_TEXT = (
    "小区 小时 小孩 小心 小米 小路 小店 小车 小白 小毛 小马 小鱼 小雨 小学 小苗 小江 小河 "
    "小石 小花 小夏 小年 小常 小高 小金 小包 小麦 小康 小乐 小安 小冷 小温 小卓 小水 小单 "
    "小景 小满 小班 小计 小平 小易 小柴 小牛 小龙 小熊 小桥 小伍 阿里 阿姨 阿婆 阿公 阿胶 "
    "阿童 小汤 小柜 小席 小曲 小巴 小巷 小院"
)
NOT_LITTLE = frozenset(_NOT_LITTLE_TEXT.split())
_NOT_BIG_TEXT = (
    "大家 大小 大雨 大门 大江 大河 大水 大路 大车 大米 大白 大黄 大花 大连 大石 大安 大同 "
    "大庆 大单 大包 大金 大鱼 大马 大满 大牛 大侯 大海 大年 大康 大武 大全 大成 大方 大明 "
    "大唐 大宋 大夏 大暑 大楼 大院 大桥 大柜 大席"
)
NOT_BIG = frozenset(_NOT_BIG_TEXT.split())

_ENGLISH_NO_NAMES_TEXT = (
    "waiting coming going calling asking hoping having speaking once never nobody someone "
    "greetings come a about after again all already also am an and any anybody apartment "
    "apartments april are around at august available avenue back block british building but "
    "by can canadian cancel cheers chinese christmas could court day dear december do door "
    "english evening everyone february fine flat floor for french friday from garden gardens "
    "gate german good government great happy has have hello help here hi home hospital house "
    "how i if in is it its january japanese july june just korean lane lift like living "
    "looking ma march may maybe monday morning my new next no north not november number "
    "october of off on one only or our out outside over party please power ready road room "
    "russian sad saturday september she so somebody sorry south spring square station still "
    "street sunday sure thank thanks that the then there these this those thursday tired to "
    "today tomorrow too tower tuesday unable under unit up urgent very wednesday west what "
    "when where which who why with writing yes yesterday you your old east gas water fire he "
    "they we community center centre service services lamp school student teacher american "
    "australian indian italian spanish regards sincerely best afternoon night sir madam asap "
    "ok okay yours many love siri team hopefully wifi cctv mum mom dad mother father grandma "
    "grandpa anyone hurry soon later true right wrong nothing ignore correction ps call ring "
    "phone tel telephone mobile cell contact text whatsapp wechat alipay douyin tiktok "
    "facetime zoom skype google youtube really probably possibly exactly definitely seriously "
    "honestly immediately quickly stop listen enough always everything well understood agreed "
    "wonderful perfect terrible awful horrible disgusting unbelievable ridiculous anytime "
    "whenever either neither both none full stairs cash dogs noise rubbish repeat done "
    "seniors pensioner retired widow disabled deaf blind single bye goodbye ta address email "
    "police ambulance doctor nurse family emergency question"
)
ENGLISH_NO_NAMES = frozenset(_ENGLISH_NO_NAMES_TEXT.split())

_OFFICIALS_TEXT = "书记 局长 科长 校长 院长 同志"
OFFICIALS = frozenset(_OFFICIALS_TEXT.split())
"""Titles that a letter begins with: only somebody who calls themselves so is the person."""
