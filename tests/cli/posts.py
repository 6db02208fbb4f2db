"""A few posts for the command line: an accident with an answer, and chatter."""

PLACE = "浙江省杭州市余杭区"
ROWS = [
    {
        "id": "blast",
        "kind": "news",
        "title": f"{PLACE}一化工厂发生爆炸 已致12人死亡",
        "published_at": "2024-03-01 08:40:00",
        "text": f"2024年3月1日8时10分许，{PLACE}一化工厂发生爆炸，已致12人死亡。",
    },
    {
        "id": "answer",
        "kind": "authority",
        "account": "杭州市余杭区应急管理局",
        "title": "情况通报",
        "answers": "blast",
        "text": f"{PLACE}一化工厂爆炸目前已致12人死亡，救援正在进行。",
        "published_at": "2024-03-01 16:00:00",
    },
    {"id": "later", "kind": "post", "title": "周末去看球赛", "published_at": "2024-03-03 10:00:00"},
]
