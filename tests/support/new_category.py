"""A category that Huying does not have: the one file that makes it one, for the tests."""

from __future__ import annotations

from pathlib import Path

CODE = "pet_care"
FILE = """\
code: pet_care
name: {zh: 宠物照看, en: Pet care}
description: {zh: 上门喂猫遛狗, en: Feeding cats and walking dogs}
field: daily_life
urgency: normal
deadline_minutes: 720
deadline_source: an animal can wait half a day
required: [place]
questions:
  place: {zh: 家在哪个小区？, en: Which estate do you live in?}
routing_hint: animal friends
examples:
  - 我要住院半个月，家里的猫没人喂，能找人天天来给添点猫粮吗
  - 腿摔着了遛不了狗，早晚想请谁帮我牵出去走一圈
  - 小狗两天没下楼了，憋得直叫唤，有没有志愿者帮着遛遛
  - 我那只老猫的猫砂盆我蹲不下去铲，谁能来给换换
  - 回老家奔丧，鹦鹉没人管，水和小米得隔天添一回
  - 闺女把泰迪丢给我就出差了，我拽不动它，来个年轻人遛狗吧
  - 猫要打疫苗，宠物医院远，我抱着笼子上不了车
  - 金鱼缸该换水了，缸太沉，鱼都翻肚皮了
  - 帮忙看两天狗，就在家喂喂食，别让它饿着
  - 家里养的兔子不吃东西了，想叫个懂的人来瞧瞧
  - 老头子走了留下一条大黄狗，我伺候不动，吃喝都得有人搭把手
  - 猫毛打结了梳不开，能上门给猫洗个澡剪剪毛不
  - Could somebody walk my dog in the mornings? My hip is bad.
  - I am going to hospital, who can feed my two cats?
  - My rabbit needs someone to clean its cage once a week.
"""
UNSEEN = (
    "家里没人的时候，屋里那只花猫得有人来喂一喂",
    "我这膝盖走不动道，想找人每天帮我遛一遛狗",
    "Can a volunteer feed my cat while I am away?",
)
"""Of this category, and in no other words among its examples."""


def add_to(root: Path) -> None:
    """Write the file into a checkout, or a copy of what it needs. Nothing else is touched."""
    (root / "data" / "services" / f"{CODE}.yml").write_text(FILE, "utf-8")
