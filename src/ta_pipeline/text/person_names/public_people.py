"""People who are course matter and not personal data: scientists, writers, historical and invented ones.

Self-written from general knowledge. `clean.person_name_allow_list` adds to these lists.
"""

from __future__ import annotations

from ta_pipeline.text.wordlists import word_set


def _phrase_set(phrases: str) -> frozenset[str]:
    return frozenset(" ".join(phrase.split()) for phrase in phrases.split(","))


#: As Chinese writes them; none is masked wherever it stands.
CHINESE = word_set(
    """
    李群 李代数 李导数 李括号 马氏链 陈类 庞氏骗局 乔治亚 佐治亚 罗汉果 罗汉松
    汤普森采样 史莱克 任天堂 莫斯科 莫桑比克 明斯克
    简·爱 简爱 哈利·波特 福尔摩斯 堂吉诃德 哈姆雷特 罗密欧 朱丽叶 特朗普 拜登 奥巴马 克林顿 布什 普京
    扎克伯格 马克·扎克伯格 斯蒂芬·金 库布里克 盖茨比 爱丽丝 白雪公主 灰姑娘 鲁滨逊 格列佛 基督山 冉阿让
    葛朗台 保尔·柯察金 安娜·卡列尼娜 戴维南 诺顿 戴维宁 特勒根 密勒 卢恩 勒夫 卡塔兰 斯特林
    欧拉-拉格朗日 阿佩尔 贝蒂 贝祖 裴蜀 沃利斯 华里士 惠特尼 斯通 吉洪诺夫 豪斯多夫 乌雷松 布劳威尔 角谷
    哈恩 里斯 弗雷歇 索伯列夫 施瓦尔茨 佐恩 策梅洛 弗兰克尔 塔斯基 丘奇 克莱尼 波斯特 阿克曼 谢尔宾斯基
    科赫 朱利亚 门格尔 洛特卡 沃尔泰拉 费根鲍姆 洛伦茨 斯梅尔 阿诺德 莫泽 沙科夫斯基 本福特 齐普夫
    帕累托 奥卡姆 墨菲 帕金森 摩尔 梅特卡夫 阿姆达尔 古斯塔夫森 冯·卡门 冯卡门 茹科夫斯基 齐奥尔科夫斯基
    戈达德 布劳恩 冯·布劳恩 科罗廖夫 加加林 阿姆斯特朗 奥尔德林 阿贝 泽尼克 塞德尔 瓦利斯 菲佐 费索 斐索
    罗默 布拉德雷 哈雷 赫歇尔 梅西耶 勒维耶 亚当斯 洛厄尔 汤博 赫茨普龙 罗素 莱维特 勒威耶 施瓦西 史瓦西
    弗里德曼 罗伯逊 沃克 齐威基 鲁宾 彭齐亚斯 威尔逊 赖尔 休伊什 贝尔 钱德勒 普朗特 卡门 达西 菲克 傅科
    波尔图 吕萨克 道尔 门捷列耶夫 迈耶尔 西奥多 布朗斯特德 洛里 阿托恩 哈金斯 鲍尔 范特荷甫 吉布斯
    亥姆霍茨 郎肯 兰金 奥托 狄塞尔 布雷顿 纽科门 史蒂芬森 富尔顿 诺贝尔 西门子 本茨 戴姆勒 福特 泰勒
    法约尔 梅奥 德鲁克 波特 科特勒 明茨伯格 赫茨伯格 麦格雷戈 西蒙 马奇 格尔茨 马林诺夫斯基
    列维-斯特劳斯 列维斯特劳斯 博厄斯 米德 本尼迪克特 库利 戈夫曼 布迪厄 吉登斯 鲍德里亚 葛兰西 卢卡奇
    阿尔都塞 本雅明 阿多诺 霍克海默 马尔库塞 弗洛姆 阿德勒 埃里克森 罗杰斯 班杜拉 科尔伯格 巴甫洛夫 华生
    苛勒 韦特海默 勒温 奥苏贝尔 加涅 布卢姆 洛扎诺夫 福禄贝尔 欧文 圣西门 傅立叶 蒲鲁东 巴枯宁
    克鲁泡特金 普列汉诺夫 托洛茨基 布哈林 赫鲁晓夫 戈尔巴乔夫 叶利钦 卡斯特罗 格瓦拉 惠更思 麦金德 洪堡
    李希霍芬 魏格纳 戴维斯 杜能 克里斯塔勒 廖什 莫霍洛维奇 古登堡 莫霍 李四 柯本 白瑞德 皮亚尼克 罗斯贝
    埃克曼 沃森 赫胥黎 海克尔 魏斯曼 德弗里斯 科伦斯 切马克 贝特森 萨顿 斯特蒂文特 穆勒 比德尔 塔特姆
    格里菲斯 查哥夫 查加夫 梅塞尔森 斯塔尔 雅各布 莫诺 尼伦伯格 科拉纳 霍利 阿尔伯 史密斯 内森斯 科恩
    博耶 穆利斯 桑格 文特尔 柯林斯 沃纳 山中伸弥 本庶佑 大隅良典 廷伯根 弗里施 古道尔 珍妮·古道尔 卡森
    蕾切尔·卡森 利奥波德 梭罗 爱默生 塞麦尔维斯 李斯特 利斯特 伦琴 兰德施泰纳 弗洛里 钱恩 瓦克斯曼
    索尔克 萨宾 琴纳 贞纳 薄伽丘 彼特拉克 拉伯雷 莫里哀 拉辛 高乃依 拉封丹 夏多布里昂 波德莱尔 兰波
    马拉美 瓦雷里 普鲁斯特 纪德 罗曼·罗兰 罗曼罗兰 圣埃克苏佩里 杜拉斯 弥尔顿 笛福 斯威夫特 菲尔丁 彭斯
    华兹华斯 柯勒律治 拜伦 雪莱 济慈 哈代 萧伯纳 伍尔夫 乔伊斯 劳伦斯 奥威尔 艾略特 叶芝 霍桑 梅尔维尔
    狄金森 德莱塞 杰克·伦敦 杰克伦敦 菲茨杰拉德 斯坦贝克 奥尼尔 塞林格 马尔克斯 博尔赫斯 聂鲁达 略萨
    里尔克 茨威格 布莱希特 黑塞 托马斯·曼 海涅 易卜生 安徒生 斯特林堡 莱蒙托夫 法捷耶夫 奥斯特洛夫斯基
    肖洛霍夫 帕斯捷尔纳克 索尔仁尼琴 曼德尔施塔姆 阿赫玛托娃 裴多菲 显克微支 米沃什 辛波斯卡 哈谢克
    昆德拉 紫式部 松尾芭蕉 芥川龙之介 太宰治 三岛由纪夫 大江健三郎 村上春树 纪伯伦 米兰·昆德拉
    米兰昆德拉 牛顿 伽利略 开普勒 爱因斯坦 亚里士多德 阿基米德 胡克 惠更斯 卡文迪许 帕斯卡 帕斯卡尔
    笛卡尔 笛卡儿 莱布尼茨 莱布尼兹 高斯 欧拉 拉格朗日 哈密顿 哈密尔顿 伯努利 伯努里 托里拆利 哥白尼
    第谷 布拉赫 库仑 法拉第 麦克斯韦 安培 欧姆 伏特 伏打 焦耳 瓦特 开尔文 楞次 亨利 赫兹 洛伦兹 洛仑兹
    毕奥 萨伐尔 奥斯特 特斯拉 韦伯 斯托克斯 格林 傅里叶 拉普拉斯 泊松 狄利克雷 黎曼 勒贝格 柯西
    魏尔斯特拉斯 维尔斯特拉斯 罗尔 罗必塔 洛必达 麦克劳林 达布 阿贝尔 伽罗瓦 克莱因 克莱姆 克拉默 约当
    若尔当 埃尔米特 厄米 施密特 希尔伯特 巴拿赫 康托尔 康托 戴德金 皮亚诺 哥德尔 图灵 冯诺依曼 冯·诺依曼
    诺依曼 香农 维纳 柯尔莫哥洛夫 马尔可夫 马尔科夫 切比雪夫 贝叶斯 棣莫弗 辛钦 伯恩斯坦 李雅普诺夫
    李亚普诺夫 庞加莱 闵可夫斯基 诺特 费马 丢番图 欧几里得 欧几里德 毕达哥拉斯 泰勒斯 芝诺 阿波罗尼奥斯
    托勒密 希帕蒂娅 斐波那契 斐波纳契 韦达 卡尔达诺 塔塔利亚 费拉里 纳皮尔 布尔 德摩根 狄摩根 弗雷格
    怀特海 拉马努金 李特尔伍德 怀尔斯 佩雷尔曼 格罗滕迪克 塞尔 韦伊 阿蒂亚 米尔诺 纳什 曼德尔布罗特
    埃尔德什 爱尔特希 高德纳 迪杰斯特拉 迪科斯彻 戴克斯特拉 弗洛伊德 克鲁斯卡尔 普里姆 贝尔曼 哈夫曼
    霍夫曼 汉明 里德 所罗门 维特比 卡尔曼 奈奎斯特 香侬 乔姆斯基 巴科斯 霍尔 里奇 汤普森 斯特劳斯特鲁普
    高斯林 托瓦兹 林纳斯 伯纳斯李 伯纳斯-李 阿达 洛芙莱斯 巴贝奇 霍珀 兰伯特 兰波特 李维斯特 阿德曼
    普朗克 玻尔 波尔 薛定谔 海森堡 狄拉克 泡利 费米 费曼 德布罗意 玻恩 约尔丹 康普顿 汤姆逊 汤姆孙
    卢瑟福 查德威克 密立根 迈克尔逊 莫雷 迈克耳孙 居里 居里夫人 贝克勒尔 劳厄 布拉格 塞曼 斯塔克 斯特恩
    格拉赫 玻色 昂内斯 昂尼斯 迈斯纳 约瑟夫森 巴丁 库珀 施里弗 肖克利 布拉顿 朗道 栗弗席兹 金兹堡 盖尔曼
    温伯格 萨拉姆 格拉肖 希格斯 霍金 彭罗斯 哈勃 奥本海默 钱德拉塞卡 爱丁顿 勒梅特 伽莫夫 萨根 迈特纳
    斯特拉斯曼 西博格 塞格雷 汤川秀树 朝永振一郎 小柴昌俊 中村修二 玻尔兹曼 克劳修斯 卡诺 亥姆霍兹 迈尔
    范德瓦尔斯 范德华 阿伏伽德罗 阿伏加德罗 盖吕萨克 盖-吕萨克 查理 波义耳 玻意耳 马略特 道尔顿
    普利斯特里 普里斯特利 拉瓦锡 舍勒 戴维 贝采利乌斯 门捷列夫 凯库勒 李比希 维勒 本生 基尔霍夫 范特霍夫
    阿伦尼乌斯 阿累尼乌斯 能斯特 勒夏特列 哈伯 博施 鲍林 格林尼亚 狄尔斯 阿尔德 赫斯 盖斯 布朗 布朗斯特
    施陶丁格 齐格勒 纳塔 伍德沃德 科里 霍奇金 富兰克林 克里克 达尔文 华莱士 孟德尔 摩尔根 摩根 林奈
    拉马克 虎克 列文虎克 施莱登 施旺 魏尔肖 巴斯德 弗莱明 詹纳 哈维 维萨里 盖伦 希波克拉底 班廷 艾弗里
    赫尔希 蔡斯 麦克林托克 卡尔文 米切尔 克雷布斯 莱伊尔 赫顿 里克特 达芬奇 达·芬奇 米开朗基罗
    米开朗琪罗 拉斐尔 布鲁诺 培根 洛克 休谟 康德 黑格尔 尼采 叔本华 柏拉图 苏格拉底 马克思 恩格斯 列宁
    斯大林 卢梭 伏尔泰 孟德斯鸠 狄德罗 亚当·斯密 亚当斯密 斯密 李嘉图 凯恩斯 哈耶克 马歇尔 熊彼特
    马尔萨斯 科斯 萨缪尔森 荣格 皮亚杰 维果茨基 斯金纳 马斯洛 桑代克 冯特 詹姆斯 艾宾浩斯 杜威 布鲁姆
    布鲁纳 加德纳 苏霍姆林斯基 夸美纽斯 赫尔巴特 蒙台梭利 裴斯泰洛齐 莎士比亚 歌德 席勒 但丁 塞万提斯
    雨果 巴尔扎克 莫泊桑 福楼拜 左拉 司汤达 托尔斯泰 陀思妥耶夫斯基 契诃夫 普希金 屠格涅夫 果戈里 果戈理
    高尔基 狄更斯 奥斯汀 勃朗特 王尔德 海明威 福克纳 马克·吐温 马克吐温 惠特曼 爱伦坡 卡夫卡 加缪 萨特
    泰戈尔 川端康成 夏目漱石 格林兄弟 伊索 荷马 拿破仑 华盛顿 林肯 杰斐逊 罗斯福 丘吉尔 戴高乐 甘地
    曼德拉 凯撒 恺撒 屋大维 亚历山大 汉尼拔 查理曼 哥伦布 麦哲伦 达伽马 达·伽马 马可·波罗 马可波罗
    利玛窦 汤若望 南怀仁 伊丽莎白 维多利亚 俾斯麦 加里波第 彼得大帝 叶卡捷琳娜 克伦威尔 路德 加尔文
    莱特兄弟 爱迪生 马可尼 诺伊斯 基尔比 贝多芬 莫扎特 巴赫 肖邦 舒伯特 柴可夫斯基 海顿 瓦格纳 德彪西
    梵高 凡高 莫奈 毕加索 塞尚 伦勃朗 丢勒 南丁格尔 海伦·凯勒 迈克尔·法拉第 乔布斯 盖茨 马斯克 辛顿
    杨立昆 本吉奥 瓦普尼克 罗森布拉特 明斯基 麦卡锡 纽厄尔 帕帕斯 莫尔 莫尔斯 菲涅尔 菲涅耳 夫琅禾费
    夫琅和费 马吕斯 布儒斯特 斯涅尔 斯涅耳 瑞利 雷利 维恩 斯特藩 科里奥利 雷诺 纳维 马赫 多普勒 惠斯通
    惠斯登 皮托 文丘里 达朗贝尔 雅可比 雅各比 高尔顿 皮尔逊 费希尔 费舍尔 奈曼 戈塞特 斯皮尔曼 肯德尔
    威尔科克森 曼惠特尼 科尔莫戈罗夫 斯米尔诺夫 梅森 哥德巴赫 欧多克索斯 喜帕恰斯 埃拉托斯特尼
    埃拉托色尼 阿尔花拉子密 花拉子米 花拉子密 海亚姆 阿尔哈曾 阿维森纳 婆罗摩笈多 阿耶波多 皮克 波莱尔
    博雷尔 弗罗贝尼乌斯 凯莱 西尔维斯特 范德蒙德 范德蒙 克罗内克 库默尔 戴恩 莫比乌斯 卡拉比 伽辽金 瑞兹
    龙格 库塔 龙格库塔 辛普森 勒让德 贝塞尔 拉盖尔 伯特兰 舒尔 斯图姆 刘维尔 施瓦茨 布尼亚科夫斯基
    闵科夫斯基 赫尔德 琴生 詹森 泊肃叶 斯莫卢霍夫斯基 朗之万 德拜 布里渊 布洛赫 朗缪尔 外斯 奈尔 伊辛
    昂萨格 范弗莱克 费尔巴哈 罗巴切夫斯基 波尔约 鲍耶 克里斯托费尔 列维 齐维塔 嘉当 外尔 诺维科夫 瑟斯顿
    格里戈里 多伊奇 肖尔 格罗弗 迪菲 赫尔曼 埃尔加马尔 默克尔 中本聪 休姆 贝克莱 斯宾诺莎 帕门尼德
    赫拉克利特 德谟克利特 留基伯 恩培多克勒 卢克莱修 西塞罗 塞涅卡 奥古斯丁 阿奎那 伊拉斯谟 蒙田
    马基雅维利 霍布斯 边沁 密尔 斯宾塞 孔德 涂尔干 齐美尔 胡塞尔 海德格尔 维特根斯坦 波普尔 库恩
    拉卡托斯 罗尔斯 哈贝马斯 福柯 德里达 索绪尔 赵九章 陈建功 熊全治 吴宝珠 恽之玮 许晨阳 张伟平 侯振挺
    王梓坤 严加安 彭实戈 马志明 陈希孺 方开泰 陈家鼎 李大潜 石钟慈 周毓麟 秦元勋 丁夏畦 张恭庆 姜伯驹
    王诗宬 洪家兴 张广厚 陆启铿 万哲先 陆家羲 管梅谷 越民义 徐利治 许国志 戴传曾 何泽慧 朱洪元 张文裕
    谢玉铭 束星北 吴大观 赵凯华 赵忠贤 甘子钊 黄祖洽 冼鼎昌 戴元本 何祚庥 陈佳洱 杨福家 冯端 闵乃本
    王乃彦 方守贤 李荫远 洪朝生 王守武 林兰英 黄敞 王守觉 邹元燨 陈星旦 龚祖同 蒋筑英 陈难先 欧阳自远
    王绶琯 李启斌 刘光鼎 马在田 傅承义 顾功叙 谢毓寿 秦馨菱 陈永龄 王之卓 李德仁 刘东生 黄万里 张含英
    汪胡桢 陈宗基 杜庆华 郑哲敏 庄逢甘 陆元九 杨南生 谢光选 王永志 戚发轫 龙乐豪 王礼恒 钱骥 闵桂荣
    范本尧 吴伟仁 王大成 梁栋材 唐有祺 徐晓白 汪尔康 陆婉珍 何炳林 申泮文 蒋丽金 嵇汝运 梁晓天 蒋锡夔
    惠永正 邓从豪 江元生 徐如人 张存浩 楼南泉 朱清时 白春礼 侯建国 包信和 王志珍 洪国藩 施蕴渝 曾溢滔
    吴旻 朱既明 高尚荫 冯德培 张香桐 蔡翘 林可胜 王应睐 殷宏章 汤佩松 罗宗洛 李继侗 胡先骕 钱崇澍 陈焕镛
    秦仁昌 郑万钧 蔡希陶 吴征镒 王文采 秉志 胡经甫 伍献文 刘承钊 寿振黄 郑作新 陈世骧 朱弘复 金善宝
    赵洪璋 李竞雄 卢永根 李登海 庄巧生 鲍文奎 颜龙安 朱英国 辛世文 颜渊 曾参 子夏 子张 子游 冉求 宰予
    闵子骞 公输班 公输盘 惠施 公孙龙 邹衍 许行 慎到 申不害 李悝 孙叔敖 百里奚 子产 柳下惠 介子推 程婴
    豫让 聂政 专诸 要离 鲁仲连 蔺相如 郭隗 乐毅 田单 赵奢 李牧 王贲 蒙恬 蒙毅 赵高 扶苏 胡亥 周勃 樊哙
    英布 彭越 季布 叔孙通 陆贾 郦食其 霍光 金日磾 桑弘羊 苏秦 公孙弘 主父偃 东方朔 枚乘 李陵 路博德
    张安世 赵充国 陈汤 王昭君 班婕妤 扬子云 许慎 郑玄 马融 蔡邕 蔡文姬 蔡琰 崔瑗 邓禹 冯异 马援 窦固
    耿恭 窦宪 梁冀 董卓 袁绍 袁术 公孙瓒 孙坚 孙策 黄盖 甘宁 吕蒙 陆逊 太史慈 黄忠 魏延 姜维 庞统 徐庶
    法正 蒋琬 费祎 董允 夏侯惇 夏侯渊 张辽 徐晃 张郃 许褚 典韦 荀彧 荀攸 郭嘉 贾诩 程昱 司马昭 司马炎
    邓艾 钟会 羊祜 杜预 王濬 山涛 向秀 刘伶 王戎 阮咸 潘岳 陆机 陆云 左思 刘琨 祖逖 王导 王敦 桓温 谢玄
    苻坚 慕容垂 拓跋焘 孝文帝 沈约 谢朓 庾信 萧统 刘勰 钟嵘 刘义庆 萧衍 陶弘景 范晔 裴松之 贾思勰 颜之推
    宇文恺 窦建德 尉迟敬德 秦琼 程咬金 李勣 长孙无忌 褚遂良 虞世南 欧阳通 薛仁贵 苏定方 裴行俭 上官婉儿
    太平公主 张九龄 姚崇 宋璟 李林甫 杨国忠 郭子仪 李光弼 颜杲卿 张巡 陆贽 裴度 李德裕 牛僧孺 黄巢 朱温
    李存勖 石敬瑭 柴荣 赵普 寇准 吕蒙正 包公 狄青 文彦博 富弼 韩琦 司马君实 章惇 蔡京 童贯 高俅 宗泽
    韩世忠 梁红玉 张浚 秦桧 虞允文 叶适 吕祖谦 真德秀 贾似道 陆秀夫 张世杰 完颜阿骨打 元好问 耶律楚材
    刘秉忠 脱脱 王冕 倪瓒 黄公望 高则诚 刘伯温 刘基 常遇春 李善长 胡惟庸 蓝玉 方孝孺 解缙 杨士奇 夏原吉
    于少保 刘瑾 严世蕃 徐阶 海刚峰 李贽 袁宏道 归有光 王世贞 汤若士 徐文长 杨慎 沈周 仇英 陈洪绶 魏忠贤
    左光斗 熊廷弼 孙承宗 洪承畴 吴三桂 李自成 张献忠 多尔衮 鳌拜 施琅 于成龙 张廷玉 年羹尧 刘墉 阮元
    段玉裁 王念孙 姚鼐 方苞 刘大櫆 郑珍 纳兰性德 朱彝尊 王士禛 沈德潜 吴伟业 钱谦益 侯方域 李香君 洪亮吉
    包世臣 徐继畬 冯桂芬 郑观应 薛福成 丁汝昌 刘步蟾 聂士成 刘永福 容闳 严修 张謇 盛宣怀 唐廷枢 徐润
    荣德生 荣宗敬 范旭东 卢作孚 陈嘉庚 邹容 陈天华 林觉民 方声洞 徐自华 黎元洪 冯国璋 曹锟 吴佩孚 孙传芳
    阎锡山 冯玉祥 李宗仁 白崇禧 汪精卫 胡汉民 廖仲恺 何香凝 邓演达 杨杏佛 史量才 邹韬奋 沈钧儒 章乃器
    李公朴 沙千里 王造时 瞿秋白 蔡和森 向警予 恽代英 邓中夏 彭湃 方志敏 夏明翰 刘胡兰 董存瑞 黄继光
    邱少云 罗盛教 杨靖宇 赵一曼 赵尚志 左权 叶挺 项英 张自忠 佟麟阁 赵登禹 戴安澜 谢晋元 吉鸿昌 王尔琢
    粟裕 陈赓 谭政 萧劲光 张云逸 罗瑞卿 王树声 许光达 徐海东 黄克诚 许世友 习仲勋 李先念 胡耀邦 乔冠华
    章汉夫 钱玄同 刘半农 刘师培 黄侃 傅斯年 顾颉刚 罗家伦 吴晗 翦伯赞 范文澜 吕振羽 侯外庐 郭绍虞 罗根泽
    朱光潜 宗白华 李泽厚 贺麟 汤用彤 熊十力 牟宗三 唐君毅 徐复观 钱穆 余英时 陈垣 岑仲勉 雷海宗 蒋廷黻
    张荫麟 董作宾 梁思永 夏鼐 苏秉琦 罗振玉 唐兰 于省吾 容庚 商承祚 王献唐 胡厚宣 饶宗颐 张政烺 徐中舒
    谭其骧 史念海 韩儒林 高名凯 丁声树 李方桂 罗常培 魏建功 周有光 朱德熙 叶企荪 张东荪 张君劢 储安平
    罗隆基 潘汉年 夏衍 田汉 洪深 欧阳予倩 于伶 阳翰笙 吴祖光 焦菊隐 张骏祥 石挥 周璇 阮玲玉 胡蝶 蔡楚生
    费穆 郑君里 孙瑜 谢晋 柳亚子 苏曼殊 李叔同 弘一法师 刘天华 黄自 萧友梅 任光 吕骥 马思聪 江文也
    谭小麟 瞿小松 谭盾 徐沛东 施光南 潘天寿 黄宾虹 吴昌硕 任伯年 傅抱石 李可染 李苦禅 林风眠 吴冠中
    刘海粟 颜文樑 常书鸿 司徒乔 蒋兆和 叶浅予 张仃 石鲁 关山月 黎雄才 陆俨少 程十发 沙孟海 林散之 赵朴初
    于右任 沈尹默 康生 周立波 赵树理 孙犁 杨沫 曲波 梁斌 罗广斌 姚雪垠 刘白羽 魏巍 杨朔 秦牧 贺敬之
    郭小川 闻捷 芒克 骆一禾 于坚 翟永明 欧阳江河 张枣 王安忆 铁凝 张承志 阿城 韩少功 残雪 格非 苏童
    毕飞宇 迟子建 刘震云 阎连科 麦家 贾平凹 毛不易 祖冲之 祖暅 刘徽 赵爽 秦九韶 杨辉 李冶 朱世杰 贾宪
    沈括 张衡 张仲景 华佗 扁鹊 孙思邈 李时珍 皇甫谧 葛洪 蔡伦 毕昇 郭守敬 徐光启 宋应星 徐霞客 李善兰
    僧一行 张遂 郦道元 鲁班 李冰 马钧 苏颂 黄道婆 王祯 商高 甘德 石申 落下闳 耿寿昌 王孝通 李淳风 甄鸾
    程大位 梅文鼎 明安图 华蘅芳 徐寿 詹天佑 冯如 茅以升 侯德榜 竺可桢 李四光 丁文江 翁文灏 梁思成 林徽因
    叶企孙 吴有训 严济慈 饶毓泰 胡刚复 周培源 吴大猷 王淦昌 赵忠尧 钱三强 钱学森 钱伟长 钱临照 郭永怀
    邓稼先 于敏 朱光亚 周光召 程开甲 陈芳允 王大珩 彭桓武 黄昆 谢希德 吴健雄 杨振宁 李政道 丁肇中 高锟
    崔琦 朱棣文 葛庭燧 陈能宽 孙家栋 任新民 屠守锷 黄纬禄 姚桐斌 杨嘉墀 王希季 吴自良 黄旭华 彭士禄 于漪
    吴孟超 袁隆平 李振声 屠呦呦 童第周 贝时璋 谈家桢 邹承鲁 钮经义 汪猷 张孝骞 林巧稚 钟南山 顾方舟
    汤飞凡 伍连德 施一公 颜宁 潘建伟 薛其坤 王贻芳 南仁东 叶叔华 张钰哲 华罗庚 陈景润 陈省身 丘成桐
    苏步青 吴文俊 谷超豪 潘承洞 冯康 姜立夫 熊庆来 江泽涵 许宝騄 段学复 柯召 柯俊 廖山涛 胡世华 张益唐
    陶哲轩 田刚 林家翘 周炜良 钟开莱 樊畿 项武义 项武忠 姚期智 李飞飞 吴恩达 何恺明 夏培肃 慈云桂 金怡濂
    倪光南 张效祥 王小云 卢嘉锡 唐敖庆 徐光宪 黄子卿 庄长恭 曾昭抡 张青莲 杨石先 邢其毅 黄鸣龙 侯祥麟
    闵恩泽 师昌绪 徐祖耀 钱令希 胡海昌 李国豪 张光斗 黄汲清 谢家荣 裴文中 贾兰坡 杨钟健 尹赞勋 叶笃正
    陶诗言 顾震潮 曾庆存 涂长望 任美锷 侯仁之 黄秉维 孔子 孟子 老子 庄子 荀子 墨子 韩非子 韩非 孙武 孙子
    孙膑 吴起 商鞅 李斯 管仲 晏婴 屈原 宋玉 李耳 庄周 孔丘 孟轲 颜回 子路 子贡 曾子 司马迁 司马光
    司马相如 班固 班超 班昭 陈寿 董仲舒 贾谊 晁错 王充 桓谭 刘向 刘歆 扬雄 曹操 曹丕 曹植 孔融 王粲
    诸葛亮 周瑜 鲁肃 刘备 孙权 关羽 张飞 赵云 司马懿 吕布 貂蝉 阮籍 嵇康 陶渊明 陶潜 谢灵运 谢安 谢道韫
    王羲之 王献之 顾恺之 范缜 颜真卿 柳公权 欧阳询 怀素 吴道子 阎立本 李白 杜甫 白居易 王维 孟浩然
    卢照邻 骆宾王 陈子昂 贺知章 王之涣 王昌龄 岑参 韩愈 柳宗元 刘禹锡 元稹 李商隐 杜牧 李贺 贾岛 温庭筠
    李煜 韦应物 韦庄 冯延巳 欧阳修 苏轼 苏洵 苏辙 苏东坡 王安石 曾巩 范仲淹 晏殊 晏几道 柳永 秦观 黄庭坚
    周邦彦 李清照 辛弃疾 陆游 岳飞 文天祥 姜夔 杨万里 范成大 朱熹 程颢 程颐 周敦颐 张载 邵雍 陆九渊
    王守仁 王阳明 米芾 蔡襄 张择端 赵孟頫 关汉卿 王实甫 马致远 白朴 郑光祖 施耐庵 罗贯中 吴承恩 曹雪芹
    高鹗 蒲松龄 吴敬梓 冯梦龙 凌濛初 汤显祖 洪昇 孔尚任 李渔 唐寅 唐伯虎 徐渭 文徵明 董其昌 郑板桥 郑燮
    八大山人 黄宗羲 顾炎武 王夫之 戴震 纪昀 纪晓岚 袁枚 龚自珍 魏源 林则徐 曾国藩 左宗棠 李鸿章 张之洞
    康有为 梁启超 谭嗣同 严复 黄遵宪 章太炎 章炳麟 王国维 陈寅恪 赵元任 蔡元培 胡适 陈独秀 李大钊 鲁迅
    周树人 周作人 茅盾 沈雁冰 巴金 老舍 舒庆春 曹禺 郭沫若 冰心 谢婉莹 叶圣陶 叶绍钧 朱自清 郁达夫
    徐志摩 闻一多 戴望舒 艾青 臧克家 沈从文 钱钟书 钱锺书 杨绛 张爱玲 萧红 丁玲 林语堂 梁实秋 丰子恺
    傅雷 季羡林 冯友兰 金岳霖 费孝通 潘光旦 吴宓 陶行知 晏阳初 梁漱溟 黄炎培 张伯苓 梅贻琦 马寅初 陈望道
    吕叔湘 启功 齐白石 徐悲鸿 张大千 梅兰芳 聂耳 冼星海 贺绿汀 阿炳 华彦钧 汪曾祺 王小波 史铁生 余光中
    海子 顾城 舒婷 莫言 余华 陈忠实 金庸 查良镛 古龙 琼瑶 三毛 刘慈欣 秦始皇 嬴政 刘邦 项羽 刘秀 刘彻
    汉武帝 唐太宗 李世民 李渊 武则天 李隆基 杨贵妃 杨玉环 安禄山 赵匡胤 忽必烈 成吉思汗 铁木真 朱元璋
    朱棣 朱允炆 康熙 雍正 乾隆 慈禧 光绪 溥仪 努尔哈赤 皇太极 张骞 苏武 卫青 霍去病 韩信 张良 萧何 陈胜
    吴广 王莽 玄奘 鉴真 郑和 戚继光 郑成功 史可法 袁崇焕 于谦 海瑞 包拯 狄仁杰 魏征 房玄龄 杜如晦 张居正
    严嵩 和珅 洪秀全 石达开 杨秀清 邓世昌 刘铭传 冯子材 秋瑾 徐锡麟 宋教仁 孙中山 孙文 袁世凯 段祺瑞
    蔡锷 蒋介石 张学良 张作霖 毛泽东 周恩来 刘少奇 朱德 邓小平 彭德怀 陈毅 贺龙 叶剑英 刘伯承 徐向前
    聂荣臻 罗荣桓 林彪 宋庆龄 宋美龄 雷锋 焦裕禄 王进喜 时传祥 张海迪 杨利伟 景海鹏 王亚平 翟志刚 西施
    花木兰 文成公主 伯夷 伊尹 姜子牙 姜太公 周公 勾践 夫差 伍子胥 范蠡 商纣 妲己 齐桓公 晋文公 廉颇 赵括
    白起 王翦 荆轲 吕不韦 信陵君 孟尝君 毛遂 西门豹 邹忌 黄帝 炎帝 尧舜 大禹 仓颉 神农 孙悟空 猪八戒
    唐僧 沙僧 林黛玉 贾宝玉 薛宝钗 王熙凤 贾母 刘姥姥 史湘云 贾政 武松 鲁智深 林冲 宋江 李逵 吴用 祥林嫂
    孔乙己 闰土 小龙女 郭靖 黄蓉 令狐冲 张无忌 韦小宝 梁山伯 祝英台 白素贞 许仙 牛郎 孟姜女 窦娥 崔莺莺
    杜丽娘 周冲 周朴园 繁漪 骆驼祥子 祥子 虎妞 翠翠 范进 严监生 聂小倩 桑地亚哥 于勒 别里科夫 汪淼
    叶文洁 罗辑 章北海 张三 王五 赵六 李雷 韩梅梅 张三丰 王二小 王大妈 李大爷
    """
)

#: Family names that stand for one famous bearer, lower case; whoever bears one stays.
ENGLISH = word_set(
    """
    thevenin luhn catalan bezout bézout wallis whitney tychonoff borsuk ulam kakutani frechet fréchet
    sobolev zorn lotka volterra feigenbaum kolmogorov benford zipf amdahl gustafson karman kármán
    zhukovsky joukowski tsiolkovsky korolev gagarin armstrong aldrin abbe zernike fizeau roemer rømer
    halley herschel messier leverrier tombaugh hertzsprung leavitt schwarzschild friedmann zwicky
    penzias fick helmholtz rankine stirling brayton newcomen daimler benz diesel fayol drucker
    malinowski boas bourdieu giddens baudrillard gramsci lukács lukacs althusser adorno horkheimer
    marcuse fromm adler bandura kohlberg köhler wertheimer ausubel gagné froebel pestalozzi comenius
    saint-simon proudhon bakunin kropotkin trotsky bukharin khrushchev gorbachev humboldt mohorovicic
    mohorovičić gutenberg köppen koppen rossby ekman haeckel weismann sturtevant beadle tatum chargaff
    meselson monod nirenberg khorana mullis yamanaka semmelweis landsteiner florey salk sabin thoreau
    petrarch boccaccio rabelais molière moliere racine corneille baudelaire rimbaud mallarmé proust gide
    saint-exupéry defoe fielding melville dreiser steinbeck salinger borges neruda rilke zweig brecht
    hesse ibsen strindberg lermontov pasternak solzhenitsyn akhmatova kundera basho bashō mishima gibran
    vivaldi handel brahms mahler stravinsky shostakovich rachmaninoff rachmaninov prokofiev dvořák verdi
    puccini rossini berlioz ravel sibelius grieg schoenberg bartók bartok caravaggio titian botticelli
    donatello raffaello velázquez goya vermeer rubens matisse gauguin kandinsky klimt munch magritte
    warhol pollock rodin gaudí gaudi corbusier brunelleschi palladio caesar cleopatra pericles leonidas
    hammurabi nefertiti tutankhamun ramses akbar saladin genghis kublai tamerlane suleiman robespierre
    danton garibaldi cavour metternich talleyrand wellington hitler mussolini churchill gandhi nehru
    mandela nkrumah atatürk ataturk bolívar bolivar magellan pizarro cortés guyton lavoisier avogadro
    canizzaro cannizzaro moissan rayleigh soddy hevesy mulliken huckel hückel pauling prelog markovnikov
    wurtz friedel krafts claisen wittig beckmann michaelis menten lineweaver golgi cajal sherrington
    eccles katz hubel wiesel broca wernicke mendelssohn weinreich sapir whorf bloomfield jakobson grice
    labov vico herder fichte schelling feuerbach kierkegaard bergson croce dilthey gadamer ricoeur
    levinas arendt beauvoir rorty quine carnap frege tarski kripke putnam rawls nozick sandel anscombe
    quesnay malthus walras menger jevons edgeworth pigou veblen kuznets leontief kaldor sraffa samuelson
    modigliani solow stiglitz krugman akerlof spence kahneman tversky coase ostrom nordhaus duflo
    piketty riccati clairaut monge poncelet desargues ceva menelaus brahmagupta bhaskara bhāskara
    al-biruni biruni alhazen avicenna averroes ibn-sina tusi fibonacci cavalieri roberval torricelli
    barrow brouncker l'huilier wronski ruffini sturm vieta regiomontanus pacioli stevin napier oughtred
    harriot viviani levi-civita christoffel beltrami betti lefschetz kodaira serre deligne faltings
    drinfeld artin noetherian hasse minkowski siegel selberg erdos vinogradov linnik gelfond thue
    dedekind eisenstein jacobi dirichlet landau littlewood hadamard mangoldt mobius meissel turan
    szemeredi szemerédi gowers chvatal lovasz lovász kőnig kuratowski vizing tutte hamiltonian dilworth
    sperner kleene turing karp savitch immerman szelepcsenyi valiant toda shamir micali solovay strassen
    coppersmith karatsuba bresenham gouraud phong catmull bezier bézier perlin voronoi delaunay warshall
    dinic tarjan kosaraju boruvka borůvka aho corasick levenshtein damerau soundex lempel ziv gabor haar
    daubechies mallat newton galileo galilei kepler einstein aristotle archimedes hooke huygens
    cavendish descartes leibniz gauss euler lagrange hamilton bernoulli copernicus brahe coulomb atwood
    pascal faraday maxwell ampere ampère ohm volta joule watt kelvin lenz hertz lorentz biot savart
    oersted ørsted tesla fourier laplace poisson riemann lebesgue cauchy weierstrass rolle lhopital
    l'hopital l'hôpital l’hôpital l'hospital hôpital maclaurin darboux galois hermite hilbert banach
    cantor peano gödel godel goedel neumann shannon wiener markov chebyshev bayes moivre khinchin
    lyapunov poincaré poincare noether fermat diophantus euclid pythagoras thales zeno apollonius
    ptolemy hypatia heron viète cardano tartaglia boole whitehead ramanujan perelman grothendieck atiyah
    milnor mandelbrot erdős erdös knuth dijkstra kruskal bellman huffman hamming viterbi kalman nyquist
    chomsky backus hoare torvalds stroustrup gosling berners-lee lovelace babbage lamport rivest adleman
    liskov planck bohr schrödinger schrodinger schroedinger heisenberg dirac pauli fermi feynman broglie
    rutherford chadwick millikan michelson morley curie becquerel röntgen roentgen laue bragg zeeman
    gerlach bose onnes meissner josephson bardeen shockley brattain ginzburg gell-mann weinberg glashow
    higgs hawking hubble oppenheimer chandrasekhar eddington lemaître lemaitre gamow sagan meitner
    seaborg boltzmann clausius carnot gibbs waals gay-lussac lussac boyle mariotte priestley scheele
    berzelius mendeleev mendeleyev kekulé kekule liebig wöhler wohler bunsen kirchhoff arrhenius nernst
    chatelier haber grignard diels nobel brønsted bronsted staudinger natta hodgkin crick darwin mendel
    linnaeus lamarck leeuwenhoek schleiden schwann virchow pasteur pavlov vesalius galen hippocrates
    banting mcclintock krebs wegener lyell vinci michelangelo kant hegel nietzsche schopenhauer plato
    socrates engels lenin stalin rousseau voltaire montesquieu diderot keynes hayek pareto schumpeter
    freud jung piaget vygotsky maslow thorndike wundt ebbinghaus dewey montessori shakespeare goethe
    schiller dante cervantes balzac maupassant flaubert zola stendhal tolstoy dostoevsky dostoyevsky
    chekhov pushkin turgenev gogol gorky dickens brontë bronte hemingway faulkner twain whitman poe
    kafka camus sartre tagore ovid sophocles euripides aeschylus herodotus thucydides chaucer wordsworth
    coleridge keats tennyson yeats woolf orwell huxley napoleon hannibal charlemagne columbus bismarck
    cromwell edison marconi beethoven mozart bach chopin schubert tchaikovsky haydn liszt debussy
    picasso monet cézanne cezanne rembrandt dürer minsky lecun bengio rosenblatt vapnik fresnel
    fraunhofer malus snell wien coriolis navier prandtl mach doppler foucault wheatstone pitot venturi
    alembert d'alembert galton neyman gosset spearman wilcoxon mersenne goldbach eudoxus hipparchus
    eratosthenes khwarizmi al-khwarizmi khayyam aryabhata borel riesz frobenius cayley vandermonde
    kronecker kummer möbius galerkin runge kutta legendre bessel laguerre liouville hölder poiseuille
    langevin debye brillouin langmuir ising onsager lobachevsky bolyai weyl shor grover diffie hellman
    spinoza democritus cicero seneca aquinas ockham occam montaigne machiavelli hobbes bentham durkheim
    husserl heidegger wittgenstein popper kuhn habermas derrida saussure heaviside kovalevskaya agnesi
    hopper payne-gaposchkin anning mirzakhani witten penrose heine lipschitz cholesky householder
    arnoldi lanczos krylov pontryagin hurwitz routh bode thévenin zener schottky bingham strouhal froude
    grashof nusselt mohr euler-bernoulli castigliano saint-venant poynting yukawa tomonaga rydberg
    balmer paschen fahrenheit celsius beaufort mercalli zermelo fraenkel ackermann sierpinski hausdorff
    urysohn brouwer hopf confucius mencius laozi zhuangzi sunzi mozi xunzi
    """
)

#: Full names whose family name is too common to stand for one person, and others in full.
ENGLISH_FULL = _phrase_set(
    """
    monte carlo, mona lisa, snow white, art nouveau, little boy, fat man,
    abdus salam, abraham de moivre, abraham lincoln, abraham maslow, ada byron, ada lovelace,
    adam ferguson, adam smith, adi shamir, adolf fick, adolf hitler, adrien-marie legendre,
    agatha christie, akio morita, akshay venkatesh, al-biruni, al-khwarizmi, alan kay, alan turing,
    albert bandura, albert camus, albert einstein, albert michelson, aldous huxley, alessandro volta,
    alexander fleming, alexander graham bell, alexander grothendieck, alexander hamilton, alexander pope,
    alfred binet, alfred hershey, alfred marshall, alfred nobel, alfred russel wallace, alfred wegener,
    allen newell, alonzo church, alvin roth, amartya sen, amedeo avogadro, amelia earhart, amos tversky,
    anders celsius, anders hejlsberg, andreas vesalius, andrei markov, andrej karpathy, andrew jackson,
    andrew ng, andrew tanenbaum, andrew viterbi, andrew wiles, andrey kolmogorov, andré-marie ampère,
    andy warhol, angela merkel, anita borg, anne boleyn, anne frank, annie easley, annie jump cannon,
    antoine lavoisier, antoni gaudi, antoni gaudí, antonie van leeuwenhoek, antonio vivaldi,
    arno penzias, arnold sommerfeld, arthur c. clarke, arthur cayley, arthur compton, arthur conan doyle,
    arthur eddington, arthur miller, ashish vaswani, atticus finch, august kekulé, auguste rodin,
    augustin-louis cauchy, augustus de morgan, b. f. skinner, bai juyi, barack obama, barbara liskov,
    barbara mcclintock, barnes wallis, bartolomeu dias, ben jonson, benito mussolini, benjamin bloom,
    benjamin britten, benjamin franklin, benjamin whorf, benoit mandelbrot, bernhard riemann,
    bertrand russell, bill clinton, bill gates, bjarne stroustrup, blaise pascal, bob dylan, bob kahn,
    brendan eich, brian kernighan, brook taylor, brothers grimm, buzz aldrin, c. n. yang, c. v. raman,
    c. wright mills, cai lun, cao xueqin, carl friedrich gauss, carl jung, carl rogers, carl sagan,
    caroline herschel, caucher birkar, cecil rhodes, cecilia payne, charles babbage, charles darwin,
    charles de gaulle, charles dickens, charles hermite, charles lindbergh, charles lyell,
    charles parsons, charles richter, charles townes, charles wheatstone, charlotte bronte,
    charlotte brontë, che guevara, chen jingrun, chen-ning yang, chiang kai-shek, chien-shiung wu,
    chinua achebe, christian doppler, christopher columbus, christopher marlowe, christopher wren,
    clara schumann, claude debussy, claude monet, claude shannon, clinton davisson, clyde tombaugh,
    colin maclaurin, craig venter, cédric villani, dana scott, daniel bernoulli, daniel defoe,
    daniel fahrenheit, daniel kahneman, david copperfield, david hilbert, david huffman, david hume,
    david livingstone, david patterson, david ricardo, david rumelhart, david scott, demis hassabis,
    deng jiaxian, deng xiaoping, dennis ritchie, dmitri mendeleev, donald hebb, donald knuth,
    donald trump, dorothy hodgkin, dorothy vaughan, douglas engelbart, du fu, duke ellington,
    duke of wellington, dwight eisenhower, dylan thomas, e. o. wilson, edgar allan poe, edgar codd,
    edgar degas, edmond halley, edmund hillary, edsger dijkstra, edvard munch, edward elgar,
    edward jenner, edward lorenz, edward morley, edward norton, edward sapir, edward teller,
    edward thorndike, edward wilson, edward yourdon, edwin hubble, eli whitney, elias corey,
    elinor ostrom, elizabeth bennet, elon musk, elvis presley, emil fischer, emile durkheim,
    emily bronte, emily brontë, emily dickinson, emmeline pankhurst, emmy noether, enrico fermi,
    enzo ferrari, eric raymond, erich gamma, erik erikson, ernest hemingway, ernest marsden,
    ernest rutherford, ernest shackleton, ernst chladni, ernst mach, ernst mayr, ernst zermelo,
    erving goffman, erwin schrödinger, eugene fama, eugene o'neill, evangelista torricelli,
    evariste galois, f. scott fitzgerald, fabrice bellard, fei-fei li, felix klein, felix mendelssohn,
    ferdinand de saussure, ferdinand magellan, ferdinand porsche, fidel castro, fischer black,
    florence nightingale, frances allen, francis bacon, francis crick, francis drake, francis galton,
    francisco franco, frank lloyd wright, frank rosenblatt, frank whittle, franklin roosevelt,
    franz schubert, fred brooks, frederic chopin, frederick banting, frederick douglass,
    frederick sanger, frederick soddy, freeman dyson, frida kahlo, friedrich engels, friedrich hayek,
    friedrich wöhler, fritz haber, frédéric chopin, g. h. hardy, gabriel garcia marquez,
    gabriel garcía márquez, gary becker, gene amdahl, gene golub, genghis khan, geoffrey hinton,
    georg cantor, georg ohm, georg simmel, george bernard shaw, george boole, george bush,
    george dantzig, george eliot, george frideric handel, george gamow, george green, george handel,
    george orwell, george polya, george pólya, george seurat, george stephenson, george stokes,
    george thomson, george washington, george westinghouse, georges lemaître, georges seurat,
    georgia o'keeffe, gh hardy, gilbert lewis, gilbert n. lewis, giovanni cassini, giuseppe peano,
    giuseppe verdi, godfrey hardy, gordon bell, gordon moore, gottfried leibniz,
    gottfried wilhelm leibniz, grace hopper, grace murray hopper, graydon hoare, gregor mendel,
    greta thunberg, grigori perelman, guglielmo marconi, guido van rossum, guo shoujing,
    gustav kirchhoff, gustav klimt, guy fawkes, h. g. wells, hannah arendt, hans bethe,
    hans christian andersen, hans christian oersted, hans christian ørsted, hans geiger, hans luhn,
    hans peter luhn, harish-chandra, harlow shapley, harold hotelling, harold pinter, harper lee,
    harriet tubman, harry harlow, harry markowitz, harry nyquist, harry potter, harry truman,
    haskell curry, heinrich hertz, heinrich lenz, helen keller, hendrik bode, hendrik lorentz,
    henri becquerel, henri matisse, henri moissan, henri poincaré, henrietta leavitt, henry cavendish,
    henry darcy, henry ford, henry hudson, henry moseley, henry stanley, henry tudor, henry viii,
    herbert simon, herman hollerith, hermann ebbinghaus, hermann minkowski, hermann staudinger,
    hermann von helmholtz, hermann weyl, hero of alexandria, ho chi minh, horatio nelson, howard aiken,
    howard gardner, hua luogeng, hua tuo, huckleberry finn, hugo de vries, humphry davy, i. m. pei,
    ian goodfellow, ibn al-haytham, ibn battuta, ibn sina, ignaz semmelweis, igor sikorsky,
    ilya sutskever, imre lakatos, indira gandhi, irving langmuir, isaac asimov, isaac newton,
    isambard kingdom brunel, ivan pavlov, ivan sutherland, j. d. salinger, j. j. thomson, j. k. rowling,
    j. presper eckert, j. r. r. tolkien, j. willard gibbs, jack kilby, jacob grimm, jacobus van 't hoff,
    jacques charles, james bradley, james chadwick, james clerk maxwell, james cook, james dewar,
    james dyson, james gosling, james hutton, james joule, james joyce, james lovelock, james madison,
    james prescott joule, james tobin, james watson, james watt, jan łukasiewicz, jane austen, jane doe,
    jane eyre, jane goodall, jawaharlal nehru, jay gatsby, jean bartik, jean foucault, jean piaget,
    jean-paul sartre, jean-pierre serre, jeff bezos, jeff dean, jeremy bentham, jerzy neyman, jim gray,
    jj thomson, joan of arc, jocelyn bell, jocelyn bell burnell, joe biden, johann sebastian bach,
    johannes brahms, johannes gutenberg, johannes kepler, johannes vermeer, john adams,
    john ambrose fleming, john atanasoff, john austin, john backus, john bardeen, john bell, john bowlby,
    john cabot, john cage, john calvin, john coltrane, john constable, john conway, john couch adams,
    john dalton, john dewey, john doe, john donne, john f. kennedy, john forbes nash, john glenn,
    john harrison, john hennessy, john hicks, john hopfield, john horton conway, john keats, john lennon,
    john littlewood, john locke, john logie baird, john mauchly, john maynard keynes, john mccarthy,
    john milnor, john milton, john napier, john nash, john newlands, john paul ii, john rawls,
    john searle, john smith of, john snow, john steinbeck, john stuart mill, john tukey, john tyndall,
    john venn, john von neumann, john wallis, john watson, john wesley, john wheeler, john williams,
    jonas salk, jonathan swift, jorge luis borges, joseph black, joseph fourier, joseph gay-lussac,
    joseph haydn, joseph henry, joseph jacquard, joseph lister, joseph marie jacquard, joseph priestley,
    joseph schumpeter, joseph stalin, joseph stiglitz, joseph swan, joseph-louis lagrange,
    josiah willard gibbs, judea pearl, jules verne, julius caesar, june huh, justus von liebig,
    jöns jacob berzelius, kaiming he, kaiser wilhelm, karen sparck jones, karl benz, karl marx,
    karl pearson, karl popper, karl weierstrass, kary mullis, katherine johnson, kazuo ishiguro,
    ken thompson, kenneth arrow, kenneth boulding, kent beck, king arthur, king henry, king john,
    kip thorne, konrad lorenz, konrad zuse, kublai khan, kurt godel, kurt gödel, langston hughes,
    lao tzu, larry page, larry wall, lawrence bragg, lawrence kohlberg, le corbusier, lee de forest,
    lee kuan yew, lee tsung-dao, leon thevenin, leon trotsky, leonard adleman, leonardo da vinci,
    leonhard euler, leslie lamport, lev vygotsky, lewis carroll, lewis terman, li bai, li shizhen,
    linus pauling, linus torvalds, lise meitner, liu hui, lloyd shapley, lord byron, lord kelvin,
    lord rayleigh, lotfi zadeh, louis agassiz, louis armstrong, louis de broglie, louis pasteur,
    louis xiv, lu ban, lu xun, ludwig boltzmann, ludwig prandtl, ludwig van beethoven,
    ludwig wittgenstein, luigi galvani, léon foucault, léon thévenin, mae jemison, mahatma gandhi,
    malala yousafzai, malcolm x, manjul bhargava, mao zedong, marco polo, marcus aurelius,
    margaret hamilton, margaret thatcher, maria agnesi, maria montessori, marie antoinette, marie curie,
    mark antony, mark twain, mark zuckerberg, martha chase, martin fowler, martin hairer, martin hellman,
    martin luther, martin luther king, marvin minsky, mary ainsworth, mary anning, mary jackson,
    mary seacole, mary shelley, mary somerville, mary wollstonecraft, maryam mirzakhani,
    maryna viazovska, matthew boulton, maurice ravel, maurice wilkes, max born, max planck, max von laue,
    max weber, maximilien robespierre, maya angelou, michael atiyah, michael faraday, michael jackson,
    michael rabin, michael stonebraker, michel foucault, mikhail gorbachev, miles davis, milton friedman,
    mitchell feigenbaum, mo zi, murray gell-mann, myron scholes, neil armstrong, nelson mandela,
    ngugi wa thiong'o, niels bohr, niels henrik abel, niklaus wirth, nikola tesla, noam chomsky,
    norbert wiener, norman foster, octavio paz, ole romer, ole rømer, oliver cromwell, oliver heaviside,
    oliver twist, omar khayyam, orville wright, osborne reynolds, oscar wilde, oswald avery, otto hahn,
    otto stern, otto von bismarck, otto von guericke, pablo neruda, pablo picasso, pafnuty chebyshev,
    paul cezanne, paul cohen, paul cézanne, paul dirac, paul erdos, paul erdős, paul feyerabend,
    paul gauguin, paul grice, paul krugman, paul mccartney, paul samuelson, percival lowell,
    percy shelley, peter chen, peter debye, peter higgs, philip glass, philip zimbardo, philo farnsworth,
    pierre curie, pierre de fermat, pierre-simon laplace, pieter zeeman, presper eckert, qian xuesen,
    qin jiushao, queen anne, queen elizabeth, queen victoria, rabindranath tagore, rachel carson,
    radia perlman, ralph merkle, rasmus lerdorf, ray bradbury, rené descartes, rené thom,
    richard bellman, richard dawkins, richard dedekind, richard feynman, richard hamming, richard karp,
    richard roe, richard stallman, richard thaler, richard trevithick, richard wagner, roald amundsen,
    rob pike, robert boyle, robert brown, robert bunsen, robert burns, robert falcon scott, robert frost,
    robert fulton, robert goddard, robert griesemer, robert hooke, robert koch, robert lucas,
    robert martin, robert merton, robert metcalfe, robert millikan, robert noyce, robert schumann,
    robert solow, robert tarjan, robert van de graaff, robert wilson, robert woodward, robin milner,
    robinson crusoe, roger bacon, roger penrose, roman jakobson, ron rivest, ronald coase, ronald fisher,
    ronald reagan, rosa parks, rosalind franklin, rudolf carnap, rudolf clausius, rudolf diesel,
    rudyard kipling, sadi carnot, sally ride, salman rushdie, salvador dali, salvador dalí, sam altman,
    samuel beckett, samuel johnson, samuel morse, sanjay ghemawat, satyendra nath bose, scott fitzgerald,
    seamus heaney, sergei korolev, sergey brin, seymour cray, shafi goldwasser, sheldon glashow,
    shen kuo, sherlock holmes, shiing-shen chern, shing-tung yau, sigmund freud, sima qian,
    simon bolivar, simon stevin, simone de beauvoir, siméon poisson, simón bolívar, sofia kovalevskaya,
    soichiro honda, sojourner truth, solomon asch, sophie germain, sophus lie, srinivasa ramanujan,
    stanislao cannizzaro, stanley milgram, stephen cook, stephen gray, stephen hawking,
    stephen jay gould, stephen kleene, stephen smale, steve jobs, steven weinberg, su buqing, su shi,
    subrahmanyan chandrasekhar, sun tzu, sun yat-sen, susan anthony, susan b. anthony, svante arrhenius,
    sylvia plath, t. d. lee, t. s. eliot, talcott parsons, ted hughes, tennessee williams,
    tenzing norgay, terence tao, theodore maiman, theodore roosevelt, thomas aquinas, thomas bayes,
    thomas becket, thomas cromwell, thomas edison, thomas hardy, thomas hobbes, thomas hunt morgan,
    thomas jefferson, thomas kuhn, thomas malthus, thomas more, thomas newcomen, thomas paine,
    thomas savery, thomas schelling, thomas young, thorstein veblen, tim berners-lee, tom kilburn,
    tom sawyer, toni morrison, tony hoare, tsung-dao lee, tu youyou, tycho brahe, ulysses grant,
    valentina tereshkova, van de graaff, vannevar bush, vasco da gama, vera rubin, victor grignard,
    vincent van gogh, vint cerf, virginia woolf, vladimir lenin, w. b. yeats, w. edwards deming,
    wallace carothers, walt whitman, walter bode, walter brattain, walter pitts, walter raleigh,
    walther nernst, warren mcculloch, werner heisenberg, wernher von braun, whitfield diffie,
    wilbur wright, wilhelm grimm, wilhelm röntgen, wilhelm weber, wilhelm wundt, willard quine,
    willebrord snell, william bateson, william blake, william bragg, william cooke, william faulkner,
    william froude, william gilbert, william gosset, william hamilton, william harvey, william herschel,
    william james, william jones, william kahan, william labov, william ramsay, william rankine,
    william rowan hamilton, william shakespeare, william shockley, william smith, william sturgeon,
    william thomson, william thurston, william turner, william wordsworth, william wundt,
    winston churchill, wole soyinka, wolfgang amadeus mozart, wolfgang pauli, woodrow wilson,
    yang chen-ning, yang hui, yann lecun, yitang zhang, yoshua bengio, yuan longping, yukihiro matsumoto,
    yuri gagarin, zaha hadid, zhang heng, zheng he, zhou enlai, zu chongzhi, émile durkheim,
    évariste galois
    """
)

#: Common family names that are also the name of a law, a number or a prize.
SHARED = word_set(
    """
    abel adams arnold austen baker banerjee barton becker bell black blake bradley brewster briggs brown
    burns byron carson carter church compton conway cook cooper cramer curry dalton darcy davidson davis
    dvorak eliot emerson fisher franklin gates girard goodwin gould graham grant gray green hall hardy
    hartley hawthorne henry hess hicks hill hinton hodge hofmann homer hugo hume hutton jarvis jenner
    jordan joyce kendall kenyatta king koch konig laurent lewis locke lucas luther lyman marx mason
    mertens miller milton moore morgan murakami nash norton parsons pearson petersen picard ramsey reed
    reynolds rice richter rolle roth russell schmidt schwarz seidel shelley simpson smith steiner
    stephenson stokes sylvester taylor thompson thomson venter wagner walker wallace watson weber welch
    wells wiles witt woodward wright young zaitsev ziegler
    """
)
