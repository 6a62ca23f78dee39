"""News prose made of words, Chinese and English, that compresses about as news does.

Random characters would hardly compress, and the same sentences again and again would to nearly nothing.
"""

from __future__ import annotations

import random
from html import escape

_CHINESE = """
江畔 码头 清晨 渔船 货轮 集装箱 运费 仓库 工人 调度 航线 口岸 海关 报关 关税 出口 进口 贸易 订单 客户 工厂 车间 机器
零件 原料 钢材 铝材 煤炭 石油 天然气 电力 电价 电网 风电 光伏 储能 电池 汽车 新能源 充电桩 道路 桥梁 隧道 地铁 高铁
机场 航班 旅客 酒店 景区 门票 假期 游客 餐馆 菜场 蔬菜 水果 猪肉 粮食 大豆 玉米 小麦 收成 农户 合作社 田间 灌溉 水库
河道 堤坝 洪水 降雨 气温 寒潮 台风 预警 抢险 救援 医院 医生 护士 患者 药品 疫苗 医保 报销 学校 老师 学生 教室 课程
考试 招生 毕业 就业 岗位 工资 合同 社保 养老金 老人 社区 居委会 物业 停车 电梯 垃圾 分类 环保 排放 污水 空气 质量
监测 专家 研究 实验室 论文 数据 模型 芯片 算法 软件 平台 网络 手机 用户 隐私 安全 漏洞 诈骗 警方 法院 判决 律师 证据
案件 赔偿 合规 监管 政策 规划 方案 意见 通知 会议 代表 委员 预算 财政 税收 债券 利率 银行 贷款 存款 股市 基金 保险
房价 租金 楼盘 开发商 土地 拍卖 投资 企业 民营 国有 集团 董事会 股东 财报 营收 利润 成本 亏损 增长 下降 同比 环比
季度 年度 市场 需求 供给 价格 品牌 消费者 超市 电商 直播 快递 物流 骑手 平均 记者 采访 现场 报道 负责人 介绍 表示
认为 指出 预计 计划 开始 完成 推进 加快 提高 降低 改善 解决 保障 支持 鼓励 限制 调整 发布 公布 启动 建成 投入 使用
恢复 关闭 迁移 合作 竞争 试点 推广 检查 整改 处罚 评估 交付 上市 退市 重组 并购 创新 转型 升级 传统 文化 戏曲 博物馆
展览 图书馆 读者 作家 小说 电影 票房 音乐会 球队 比赛 冠军 教练 球迷 体育场 马拉松 志愿者 城市 乡村 县城 街道 居民
邻里 夜市 灯光 广场 公园 树木 花卉 河岸 步道
""".split()
_PARTICLES = (
    "的 了 在 与 和 对 将 已 从 向 被 把 由 为 以 等 并 也 还 更 最 每 各 该 其 这 那 仍 再 就 都 才 又".split()
)
_ENGLISH = """
harbour freight morning market farmer harvest river bridge council budget school teacher hospital patient energy battery
engine factory worker wage contract pension housing rent builder investor bank loan interest inflation growth quarter
export import tariff customs container shipping route cargo vessel captain storm flood warning rescue weather summer
winter season visitor museum theatre library reader author novel cinema concert match coach champion stadium volunteer
street district village mayor minister parliament court judge verdict lawyer evidence police fraud network software
privacy research university laboratory climate emission water quality station railway airport passenger ticket price
consumer retailer delivery warehouse supply demand forecast report analyst official spokesman resident community
""".split()
_LITTLE = (
    "the of and to in a for on with that by from at as is was will has its more than after before over said".split()
)


def write_chinese(chance: random.Random, words: int) -> str:
    """So many words in sentences."""
    text, left = [], words
    while left > 0:
        length = min(left, chance.randint(6, 16))
        for place in range(length):
            text.append(chance.choice(_PARTICLES if place % 3 == 2 and chance.random() < 0.7 else _CHINESE))  # noqa: PLR2004
            if chance.random() < 0.05:  # noqa: PLR2004
                text.append(f"{chance.randint(1, 9_999)}")
        text.append(chance.choice("，，。。。；"))
        left -= length
    return "".join(text)


def write_english(chance: random.Random, words: int) -> str:
    """So many words in sentences."""
    text, left = [], words
    while left > 0:
        length = min(left, chance.randint(8, 20))
        sentence = [chance.choice(_LITTLE if place % 2 else _ENGLISH) for place in range(length)]
        text.append(" ".join(sentence).capitalize() + ".")
        left -= length
    return " ".join(text)


def write_body(chance: random.Random) -> str:
    """An article's body of about 4 KB: five paragraphs in Chinese, one in English, a link and a picture."""
    number = chance.randrange(10**6)
    paragraphs = [f"<p>{escape(write_chinese(chance, chance.randint(60, 130)))}</p>" for _ in range(5)]
    paragraphs[1:1] = [
        f'<p><img src="https://img.news.example.org/{number}.jpg" alt="{write_chinese(chance, 4)}" /></p>'
    ]
    paragraphs.append(
        f'<p>{escape(write_english(chance, 40))} <a href="https://www.example.org/{number}">{number}</a></p>'
    )
    return "".join(paragraphs)
