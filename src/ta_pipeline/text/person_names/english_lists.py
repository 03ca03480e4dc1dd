"""English and romanised given names and family names, self-written from general knowledge.

A word that is a name and nothing else decides by itself; one that is also a word, a place or a month
("Grace", "Jordan", "May") needs a family name or a context beside it.
"""

from __future__ import annotations

from ta_pipeline.text.wordlists import word_set

#: Given names that are hardly ever anything else, in the spellings of many countries.
GIVEN = word_set(
    """
    fergal fearghal lorcan pelagia ophelia bex otis anneliese colm jake josh kiki dani gabe zack nate beck
    danny manny
    benny lenny denny kenny ronny
    wanda bess trixi desi dre jojo lulu coco momo gigi didi fifi bibi zuzu pippin tamsyn sunita thandeka
    nomvuyo farzana
    hyacinth hermione hester hepzibah percivale gwendoline clodagh fiadh caoimhe grainne maolisa oisin
    fiachra cathal
    padraic brendan ronan diarmuid tadgh ruairi ruaridh hamza ilyas idrissa kwadwo kojo yaw akosua abla efe
    ese ngozika
    nkem obiageli tobenna ugochukwu zainabu halima hawa fatu mwende wanja nyambura atieno akinyi awino
    achieng kipchoge
    tariku abebe tigist selam bekele dawit yonas hiwot meseret almaz haile girma tsegaye mulugeta kidane
    asefa lulit
    aarav aaron aarushi abbas abby abdul abdulaziz abdullah abdulrahman abel abena abhinav abhishek
    abigail abraham adaeze adam adaora adebayo adekunle adela adelaide adele ademola adeola adetola aditi
    aditya adjoa adrian adriana adrienne advait afua agatha agnes agneta agnieszka agustina ahlam ahmad
    ahmed aidan aiden aileen ainhoa aisha aishwarya aissatou aitana ajay akanksha akash akhil akiko akira
    akosua akshay akua alan alana alaric alasdair alastair albert alberto alden alec alejandra alejandro
    aleksander aleksandr aleksandra alena alessandra alessandro alessia alex alexander alexandra alexandre
    alexandria alexei alexis alfie alfonsina alfonso alfred alfredo alicia alicja alina alisha alison
    alistair allan allison alma alondra alvaro alvin alyssa amadou amaka amal aman amanda amara ambrose
    amelia amelie amer amina aminah aminata amir amira amit amjad amos amparo amrita amy ana anand ananya
    anastasia anaya anders andre andrea andreas andrei andres andreu andrew andrey andrzej andy aneesa
    angela angelica angelina angelo angie angus anika aniket anil anirudh anish anita anjali anjana ankit
    ankita anna annabel annabelle anne annegret annelie annette annie annika anong anouk anoushka ansel
    anselm ansgar ansh anshul anthony antoine antoinette anton antonella antonia antonio anuj anupama
    anurag anushka anwar anya anzhela aoife apoorva araceli aracely arantxa arash archie ariadne ariana
    arianna ariel ariella arjan arjun arkady arlene arlo armando arnab arnav arndt arnold arpita arsenio
    artem arthur arturo artyom arun arvid arvind arwen aryan asbjorn asha asher ashish ashley ashlyn ashok
    ashraf ashton ashwin asif asma astri astrid asuka atsuko atticus aubrey audrey augusta augustin
    aurelia aurelie aurelio avani averil avery avinash avril aya ayaan ayaka ayan ayana ayasha ayesha
    aylin ayman ayodele ayumi ayush azadeh aziz babak babatunde bakary balthazar baptiste barbara barnabas
    barnaby barry bartholomew bartlomiej bartosz bashir bassam bastian bastien beata beatrice beatrix
    beatriz becky begona behrouz belen belinda ben benedict benedicte benedikt benicio benito benjamin
    benji bennett benoit berit bernadette bernard bernardo bernd bernhard bernice bernie bertha bertie
    bertram beth bethany betsy bettina betty beverly bhavesh bhavna bhavya bianca bilal binta birgit
    birgitta birte bjarne bjoern bjorn blaise blanca bobby bodil bogdan bogdana bonnie boris boubacar
    bozena bozhidar brad bradley brady bram brandon branko brayden breanna brenda brendan brenna brennan
    brent brett brian brianna bridget bridie brigitte britney britta brittany bronwyn bruce bruna bruno
    bryan bryce bryony burkhard byron caio caitlin caitlyn caleb calista callum calvin cameron camila
    camilla camille candace candela candice carina carla carlo carlos carlotta carmela carmen caroline
    carolyn carrie carsten cassandra cassian cassidy catalina caterina cath catherine cathy catriona cecil
    cecile cecilia cecily cedric cedrick cees celeste celia celine cesar chaitanya chandler chandra
    chantal chantelle charlene charles charlie cheikh chelsey cherie cheryl chetan chiamaka chiara chidi
    chidinma chihiro chinedu chinwe chioma chloe chris christa christabel christelle christi christiane
    christina christine christoph christophe christopher christy chukwuemeka chus cian ciara cindy claire
    clara clarabel clarence clarice clarissa claudette claudia claudio clemence clement clementine clemmie
    clifford clint clinton cliona clive clotilde clyde cody colette colin colleen concepcion connie connor
    conor conrad constance consuelo cora coraline cordelia corentin corey corinne cornelia cornelius
    cosima courtney craig cressida cristian cristina cristobal curtis cynthia cyril cyrus daan dagmar
    dagobert daichi daiki daisuke daithi daksh dalia dalibor damaris damaso damian damien damon daniel
    daniela daniele daniella danielle danilo danny danuta daphne darcey darcy daria dario darius dariush
    dariusz darko darlene darnell darrell darren darryl darshan darya dave davey davi david davide dawid
    deandre deanna debbie debora deborah debra declan deepa deepak deepika deepthi deepti deirdre dejan
    delaney delia delilah delphine delroy demba demetrius demi denis denise dennis denys denzel derek
    dermot dermott desiree desmond detlef devansh devendra devika devin devon devyani dewi dexter dhruv
    diana diane diego diep dieter dietmar dietrich dikembe dilip dimitra dimitri dimitrios dina dinesh
    dipti dirk dirkje divya divyansh dmitri dmitry dmytro doerte dolores dominic dominik dominika
    dominique donal donald donatella donna donnacha donovan dora dorcas doreen dorian doris dorota
    dorothea dorothy doug dougal douglas dragan dragana duaa dulcie duncan dusan dustin dwayne dwight
    dylan eamon eartha ebba ebele eberhard ebony eckhard eddie edgar edgardo edie edith edmund edna
    edouard eduard eduardo edward edwin edyta eero eeva effie efua egon eileen eilidh eilish eimear einar
    eino eirik ekaterina ekene ekow elaine eleanor eleanora elena eleni eleonore elfrida elfriede eliana
    eliane elias elie elif elijah elin elinor eliot elis elisa elisabeth elise elisenda elizabeth elke
    ella ellen elliana ellie elliot elliott elmar elodie eloisa eloise elowen elsa elsie elspeth elvira
    elzbieta emanuel emeka emer emeric emil emile emilia emiliano emilie emilien emilio emily emlyn emma
    emmanuel emmeline emmett emmy encarna enid enitan enrico enrique enzo eoghan eoin erica erich erik
    erika eriko erin erkki ernest ernestine ernesto errol erwin esha esi eskil esme esmeralda esperanza
    essie esteban estefania estelle esther estrella ethan ethel etienne etta eugene eugenia eugenio eunice
    eunji eustace eva evan evangeline evaristo evelyn evgeni evgenia evgeny evie ewa ewan ewart ewelina
    ezekiel ezra fabian fabiana fabien fabienne fabio fabiola fabrice fabrizio facundo fadi fadwa faisal
    farah fareed farhad farhan farhana farid farida faridah farouk farzaneh fatemeh faten fatima fatou
    fatoumata fawzia federica federico fedor felicia felicity felipe felix femi femke ferdinand fergus
    fermin fernanda fernando ffion fidelma filip finlay finley finn fintan fiona fionn fionnuala flavia
    flavio floella florencia florent florentine floyd folake folasade fran frances francesca francesco
    francine francis francisca francisco franco francois frans franz fraser freddie freddy frederic
    frederick frederik fredrik freja freya frida frieda friederike friedrich fritz fumiko funmi gabriel
    gabriela gabriele gabriella gabrielle gaby gael gaelle gaetan galina gareth garrett gary gaspar gaurav
    gauri gavan gavin gayatri geert gemma genaro genevieve gennady geoff geoffrey george georgi georgiana
    georgina geraint gerald geraldine gerard gerardo gerd gerda gerhard gerlinde gerrit gertrude ghada
    gianluca gianna gideon gilbert giles gilles gillian gina ginevra ginny giorgio giovanna giovanni
    gisbert gisela gita giulia giuseppe gladwin gladys glenda glenn gloria glynis godfrey golnaz gonzalo
    gopal goran gordana gordon gottfried govind graciela graeme graham grainne grazyna greer greg gregoire
    gregor gregorio gregory greta gretchen griffin griselda grover grzegorz guadalupe gudrun guenter gugu
    guido guillaume guillemette guillermo guinevere gunda gunilla gunnar gunther gurpreet gus gustav
    gustavo gwen gwenaelle gwendolyn gwilym gwyneth habib hadeel hadiya hadley haeun hafiz hafsa haidar
    hailey haitham hakan hakim hakon hala haley halina hallie halvor hamid hamish hamza hana hanan hanin
    hank hanka hanna hannah hanne hannelore hannes hans harald hardeep hari hariharan harish harjit harley
    harold harpreet harri harriet harrison harry harsh harsha hartmut haruka haruki haruto harvey hasan
    hassan hatem hattie hayden hayley heather heba hector hedwig heidi heike heikki heiko heiner heinrich
    heinrike heinz heitor helen helena helene helga helge helmut heloisa hemant hendrik henk henna henning
    henrietta henrik henrique henry herbert herman hermann hernan hernando herve hettie hiba hideki hideo
    hien hilary hilda hilde hildegard hina hinata hind hippolyte hiroko hiroshi hiroto hisham hitesh
    hitomi holger hollie honore horace horst hortense hossein howard hristo hubert huda hugh hugo hugues
    humberto huong husain hussam hussein huw hyejin hyun hyunjin hyunwoo iain ian ibrahim ibrahima ibukun
    ida idris ieuan ifeanyi ifeoma ignacia ignacio ignatius igor ihab ijeoma ikenna ikram ilaria ilda ilka
    ilkka ilse ilya imani imke immy imogen imran inaya indira ineke ines inga inge ingeborg inger ingolf
    ingrid ingvar inigo inma inmaculada inna innes ioana ioannis ione irene irina irma irmgard irmina
    irving isaac isabeau isabel isabella isabelle isadora isaiah isamu isha ishaan ishan ishani ishika
    ishita isidora isidro isla ismael ismail isobel isolde issac itzel itziar iva ivan ivana iveta ivette
    ivica ivo ivor iwona izabela izaskun izzy jabari jacek jacinta jacinto jackie jaclyn jacob jacqueline
    jacques jada jae jaehyun jagdish jago jaime jairo jakob jakub jamal james jamie jamila jana jane
    janelle janet janice janine janneke jannes jannik janusz jared jarek jari jaroslav jasmijn jasmin
    jasna jason jasper jaspreet jatin javier jawad jaya jayant jayden jayesh jayla jaylen jayne jayson
    jazmin jeanette jeanne jeannie jebediah jeff jefferson jeffrey jelena jemima jemma jenifer jenna
    jennie jennifer jenny jens jeremiah jeremie jeremy jeroen jerome jerrod jerry jerzy jesper jess jesse
    jessica jessie jihoon jihye jill jillian jim jimena jimin jimmy jinwoo jisoo jitendra jiwon jiyeon
    joachim joakim joan joana joanna joanne joao joaquin joasia jocelyn jocelyne jochen jodi jodie joe
    joel joely joerg johan johann johanna johannes john johnathan johnnie johnny joko jolanta jolene
    jolyon jon jonah jonas jonathan jonna jools joon joost jordi jorg jorge jorgen joris jorja jose josef
    josefa josefina joseph josephe josephine josette josh joshua josiah josie joss jouni jovan jovana
    joyce juan juana juanita judith judy juha jukka julia julian juliana julianne julie julien julieta
    juliette julio julius junho jurgen jurre jussi justin justine justyna jutta jyoti kaarina kabir kacper
    kadiatou kaique kaitlyn kaito kajal kaleb kalyani kamal kamala kamil kamila kamran kanya kaori kara
    kareem karel karen kari karim karin karina karl karla karlheinz karol karolina karsten karthik kartik
    karyn kasey kasia kasper katarina katarzyna kate katelyn katerina katharina katherine kathleen kathryn
    kathy katica katie katinka katja katri katrin katrina katy katya kaveh kavita kavya kayla kaylee
    kazuki kazuko kazuo keanu keeley keerthi kees keiko keira keiran keisha keith kelechi kellie kelly
    kelsey kelvin kemi kendall kendra kenichi kenji kenneth kenny kenzie keri kerry kersten kerstin kerttu
    ketut kevin keziah khadija khady khaled khalid khanh kholoud kiana kiera kieran kilian kimberly kimiko
    kinga kira kiran kirill kirsi kirsten kirsty kirti kishore kizzy kjell klaas klara klaus klemens knut
    kofi kohei koji kojo komal konrad konstantin korbinian kourosh krish krishna kristen kristian kristin
    kristina kristof kristy kritika krystyna krzysztof kseniya kumar kunal kurt kwabena kwaku kwame kwasi
    kwesi kyla kyle kylie kyoko kyra kyungsoo lacey lachlan laila lainey lakshmi laleh lalit lamar lambert
    lamia lamine lana lanie lara larisa larissa larry lars lasse laszlo lata latha latifa latisha latoya
    laura laureano lauren laurence laurent laurie lautaro lavanya laverne lawrence layla lazar lea leah
    leandre leandro leanna leanne lech lee-ann leela leena leif leila leire lena lennart lenny lenore leo
    leon leona leonard leonardo leonel leonhard leonid leonie leonor leopold leora lerato leroy leslie
    lester leszek leticia letitia lettie levi lewis lexi leyla liam libbie libby lidia lidka lieke
    liesbeth liesel lila lilah lilian liliana lillian lillie lina linda lindiwe lindsay lindsey linh
    linnea linsey linus lionel lis lisa lisbeth liselotte lissa liudmila liv livia liz lizzie ljubica
    lloyd logan loic lois lola lorelei lorena lorenzo loretta lori lorna lorraine lothar lotta lotte
    lottie louane louis louisa louise lowri luan lubna luca lucas lucia luciana luciano lucie lucien
    lucille lucinda lucio lucy ludger ludmila ludovic ludwig luella luigi luis luisa luiza luka lukas
    lukasz luke lutz lydia lyle lyndon lynette lynn lynne lynsey lysandre lyubov maarit maarten maartje
    mabel macarena machteld maciej maddie madeleine madeline madhav madhu madhuri mads maelle maelys maeve
    magda magdalena maggie magnus maha mahesh mahima mahmood mahmoud mahmud mahsa maike maisie maite
    maitreyi maja majid makar makena makoto maksim malachi malcolm malee malgorzata malia malik malika
    malwina mamadou manal mandeep mandla mandy manfred manish manisha manoj manolo manon manpreet manuel
    manuela mara marc marcel marcela marcelina marcella marcello marcelo marcia marcin marco marcos marcus
    mareike marek marfa margaret margarete margarida margarita margaux margit margot marguerita marguerite
    maria mariah mariam mariama mariana mariane marianne maribel maricel maricruz marie marieke mariella
    marietta marija marijke mariko marilyn marina mario mariola marion marisa marisol marissa maristela
    marit marius mariusz marja marjolein marjorie markku marko markus marlene marlies marloes marlon
    marnie marsha marta martha martin martina martine marty marvin marvyn marwa marwan mary maryam maryann
    masako masaru masashi masha massimo mateo mateus mateusz matheus mathias mathieu mathilde mathis
    matias matilda matteo matthew matthias matthieu matthijs matti matvey maud maude maura maureen maurice
    mauricio mauro maxence maxim maxime maximilian maximo maxine maya mayank mayra mayumi mazen mbali
    mckenzie mechthild meera megan megha megumi mehdi mehmet mehran mehul mei-ling meike meinrad melanie
    melchor melina melinda melissa melvin meredith meriel merle merrick merryn merve meryem mia micaela
    micah michael michaela michal michel michele michelle michiko midori mieczyslaw mieke miguel mihai
    mihir miho mijin mika mikael mikaela mikey mikhail mikkel mikko mikolaj mila milagros milena milica
    miljana millicent millie milo milos mimi mina minako minal minh minho minji minjun minna minnie minoru
    minseo mira miranda mirek miriam mirja mirjana miroslaw misaki misha mitch mitchell mithun mitra
    mitsuko mitzi miyuki mladen modou mohamed mohammad mohammed mohan mohit mohsen moira moises molly mona
    monica monika monique montague montserrat morag morgana morgane moritz morris morten morwenna moses
    moshe mouna moussa mpho mrinal mrunal muhammad mukesh mukul muriel murray musa mustafa myfanwy mykola
    myles myra myriam myrtle nabeel nabil nada nadege nadezhda nadia nadim nadine nadira nadja nael nahla
    naida naima naina najib najma namita namrata nana nancy nandini nandita nanna naoki naoko naomi
    narendra nasrin nasser nastya natalia natalie nataliya natalka natasha nathalie nathan nathaniel
    natsuki nattapong naveen navneet navya nawal nayara nayeli nazanin neal ned neel neela neeraj neha
    neil nele nella nellie nelly nemanja nenad nerea nerys nestor nettie neus neve nevena ngoc ngozi
    nguyet niall niamh nicanor nicholas nick nicki nicky nico nicola nicolai nicolas nicole nicolette niek
    niels nienke nieves nigel nihal niharika nikhil nikita nikki niklas nikola nikolai nikolaos nikolaus
    nilesh niloufar nils nimisha nimrat nina niraj nirmala nisha nishant nita nitin nivedita nizar njeri
    nkechi nkosana nnamdi nneka noah nobuko noel noelia noelle noemi noemie nolan nomsa nomvula noor
    noortje nora norah norbert norberto noreen noriko norma norman nour noura nuno nurain nuria nurul
    nyasha nyla obinna oceane octavia octavio odette odile ojas oksana ola olaf olav oleg oleksandr olena
    olesya olga oliver olivia olivier oluchi oluwaseun oluwatobi olwen omar omari omid omkar onyeka oona
    oonagh oriol orla orlando orson ortrud osama oscar osian oskar osman osvaldo oswald othman otis otmar
    ottilie otto ousmane outi owen pablo padma padraig paivi palesa pallavi paloma pamela pandora paola
    paolo paras parisa parth parul parvati parvin pascale pascaline pasi patrice patricia patricio patrick
    patrik patsy patti paul paula paulette paulina pauline paulo pavel pawel pedro peggy pekka penelope
    pepijn percival percy pernilla pernille perpetua perrine petar pete peter petra petro petros petteri
    petula phil philip philipp philippa philippe philippine phillip philomena phineas phoebe phuong
    phyllis pia pierre piers piet pieter pilar pimchanok piotr pippa pirkko piyush polina polly pooja
    poonam pouya prabhat prachi pradeep pragya prajwal prakash pranav pranay pranjal prasad prashant
    prateek pratibha pratik predrag preeti prerna preston priscilla pritam priti priya priyanka przemyslaw
    pushpa putri qasim queenie quentin quincy quinn rabia rachael rachel radek radha radhika radmila
    radoslaw radwan rafael rafaela rafal rafe rafiq raghav raghu rahim rahul raimund raimundo rainer raisa
    raj rajan rajat rajeev rajesh rajiv rajni raju rakesh ralf ralph ralphie ramesh rami ramin ramiro
    ramon ramona ramsay ramya randa randal randall randolph randy rania ranjana ranjit raphael raquel
    rashad rasheed rashi rashid rashida rashmi rasmus raul ravi raymond raymundo rebecca rebekah reece
    reem reena reggie regina reginald reijo reiko reiner reinhard reinhold rejean rekha remi remy renan
    renata renate rene renee renske renu reuben reva reza rhea rhett rhian rhiannon rhoda rhodri rhona
    rhonda rhys riad ricardo riccardo richa richard rick ricky riddhi ridhi rigoberto riikka rik rikke
    riko riley rima rina rishabh rishi rita ritika ritu ritva riya rizky robbie robert roberta roberto
    robyn rochelle rocio roderic roderick rodger rodney rodolfo rodrigo rogelio roger rohan rohini rohit
    roisin roland rolando rolf romain romane romina romuald rona ronald ronan ronnie ronny rory rosa
    rosalia rosalie rosalind rosalyn rosamond rosamund rosanna rosario rosaura roscoe roseanne rosemarie
    roshan roshni rosie rosina roslyn ross roswitha rowena roxane roxanne roxie roya ruben ruchi rudolf
    rudy rueben ruediger rufus rula runa runar rupa rupali rupert ruprecht ruslan russell rustam ruth
    ruthie ruud ryan ryosuke ryota ryszard ryuichi saad sabah sabina sabine sabrina sachiko sachin sadia
    sadiq saeed safiya sahana sahar sahil saif saira sakina sakshi sakura salim salimata sally salma
    salman salome salvador salvatore salwa sam samaneh samantha samar samarth sameer sami samia samir
    samira sammy samuel sana sandeep sander sandhya sandie sandra sandrine sangwoo sania sanja sanjana
    sanjay sanket sanna sanne santino sanya saoirse sara sarah sarika sarita sasa sasha saskia satish
    satoshi satu saul saurabh savita sawsan sayaka sayuri scarlett scott seamus sean sebastian sebastien
    seema seija sekou selena selina selma selwyn seojun seoyeon seoyun sepideh seren serena sergei sergey
    sergio sergiy seth seungmin severine shabnam shagun shahid shahram shalini shana shanaya shane
    shanelle shanice shannon shanti sharad shari sharna sharon shashank shaun shauna shawn shayla sheena
    sheila shekhar shelby sheldon shelley shelly sherif sherry sheryl shigeru shikha shilpa shinichi
    shinji shiori shirin shirley shivam shivani shizuka shoko shona shota shreya shreyas shruti shubham
    shweta shyam sian siavash sibusiso siddharth sidney siegfried sieglinde siegmund siena sienna sigmar
    signe sigrid sigurd siham silas silje silke silvester silvia silvina silvio simeon simon simona simone
    simran sina sindre sinead siobhan sipho siriporn siti sivan siyabonga sizwe sjoerd slava slavica
    slawomir slobodan sneha snehal snezana soenke sofia sofie solange soledad solene solomon solveig
    somchai sonal sonali sonam sonia sonja sonya sophia sophie sophieke sophronia soraya soren sota souad
    soumya soyeon spencer srdjan srinivas sriram srishti stacey stacy stan stanislav stanislaw stanley
    starla stas stefan stefania stefanie stefano steffen steffi stella stepan steph stephan stephane
    stephanie stephen stevan steve steven stevie stewart stig stijn stina stojan stuart subhash
    subramanian sudha sudhir suhail suhas sujata sujin suki sulaiman suman sumedha sumit sune sungho
    sunhee sunil sunita sunniva supriya suresh suri susan susana susanna susanne sushant sushma susie
    suzanne suzy svea sven svenja svetlana svetozar svyatoslav swantje swapnil swati syafiq sybil sylvain
    sylvester sylvia sylvie sylwia szymon tabby tabitha tadashi tadeusz tadhg taehyung taha tahir taichi
    taina taisiya takashi takeshi takumi talal talia taliesin tallulah talulah tamar tamara tamer tamika
    tamiko tammy tamsin tamsyn tanguy tania tanisha tanja tanmay tanushree tanvi tanya tapio tara taras
    tarek tariq tarja taro tarun tasha tatiana tatsuya tatyana ted teddy tegan tejas temitope tendai
    teodor terence teresa terhi teri terrance terrence terri terry tess tessa tetsuya teun thabo thaddaeus
    thaddeus thais thandi thandiwe thanh thao thea thelma themba theo theodor theodora theodore theresa
    therese thiago thibault thibaut thierry thijs thilo thomas thora thorben thorbjorn thorsten thuy tiago
    tiana tiegan tiffany tiina tijana tijmen tilda tilly tilman tim timm timmy timo timofey timoteo
    timothy tina tiphaine titilayo tjeerd tobias tobin toby todd tom tomas tomasz tomislav tommi tommy
    tomohiro tomoko tomos tonia tony topher torben tori torin torstein torsten toshiko tracey tracy trang
    traute travis trevor tricia trina trine trish trisha tristan trixie troels trudy tshepo tsubasa tuan
    tulio tunde tuomas tushar tuula tuva tyler tymon tyrone uche uchenna uday udo ugo ujjwal ulf ulla
    ulrich ulrika ulrike uma umar umberto ursula urszula urvashi ushas usman ute utkarsh uwe vadim vaibhav
    vaishali vaishnavi valdemar valentin valentina valentine valentino valentyna valere valeria valerie
    valery vandana vanessa varsha varun varvara vasco vasile vasilis vasily vasudha vaughan vaughn vedika
    veena veit velma venkat venkatesh verena vernon veronica veronika vesna vibeke vibha vicente vicki
    vicky victoire victor vidar vidya viggo vijay vikas vikram vikrant viktor viktoria viktoriya viljami
    ville vimal vinay vince vincent vincenzo vineet vinicius vinod violaine violeta vipul viraj virgil
    virgile virginie vishal vitalii vitaly vitor vittoria vivek vivian viviana vivienne vlad vladan
    vladimir vladislav volker volkmar volodymyr vonda vuk vukasin vyacheslav wafa wakana waldemar waleed
    walid wallis walther wambui wanjiru warren wassim waverly wayan wayne wendell wendy werner wes wesley
    whitney wiebke wiktor wiktoria wilbur wilf wilfred wilfried wilhelm wilhelmina wilhelmine willa willem
    willemijn william willie willis wilma wim winfried winifred winnie winona winston witold wojciech
    wolfgang wolfram woojin wouter wyatt wynn xabier xander xavier ximena xiomara yaa yael yago yahya
    yamato yamila yamini yana yanina yann yannick yannis yara yaroslav yasaman yash yashika yasir yasmeen
    yasmin yasmina yasmine yasser yasuko yazan yejin yekaterina yelena yeonjun yesenia yesica yetunde
    yevgeny yiannis ylva yngve yoann yogesh yoko yolanda yoona yosef yoshi yoshiko yosuke youmna yousef
    youssef yui yuka yuki yuko yulia yuliya yumi yumiko yumna yuna yuri yuriy yusuf yusuke yuta yuto
    yuvraj yuya yvaine yves yvette yvonne zac zachariah zachary zachery zack zadie zahra zaid zaina zainab
    zaira zak zaki zander zane zanele zara zbigniew zdravko zdzislaw zeina zeinab zeke zelda zeljko zelma
    zena zenon zeynep zhanna ziad zinaida zita zodwa zoe zoey zofia zoltan zora zoran zubair zuhair zulema
    zulkifli zuzana zuzanna zvonimir zygmunt
    """
)
#: Given names that are also words, months, places, products or syllables.
MAYBE_GIVEN = word_set(
    """
    abril ada agus aidyn alba alexa ali alice alto alva ama amber an andromeda angel anh apollo april
    arden art ash asia astor athena atlas aud august aurora austin autumn awa axel bailey bao basil bay
    beau bella bill blair blue blythe bo bob bola brook brooke brooklyn bryn buck budi cadence carol
    carolina carter casey cash chad charlotte charu chase chelsea chester chika china chip christian clark
    clay cleo cliff coleman colt cooper cosmo cruz crystal cuba dahlia daisy dakota dale dallas dana dawn
    dean delta destiny dev devi don dong dot drew duke duy earl ed eden elba ellis elwood emerald emerson
    emi esa eve faith faye ferris fleur flint flo floor flora florence florian ford forest frank gaia gala
    gale gayle gene genesis georgia german ginger glen glory goldie grace grant gray guy hal han harmony
    harper hazel heath hein herb hermes hoang holly hong honor hope hudson hui hunter iman ina india
    indigo ira iris irvine israel ivy jack jackson jade jamaica jan jasmine jay jean jesus jewel jia jin
    jordan joy jude juliet jun june juniper juno kai kay ken kent kenta kenya kim king kirk kit kitty lada
    lance lane larkin laurel lee lennox lev lewin li lily lin lincoln london long lotus lou lourdes luna
    lyra mack madison mae mai major mallory mana mar mark mason mat matt max maximus may melody memphis
    mercedes mercy mike milan miles milton min ming mo montana montgomery moon nan nat nell nelson nia
    noble norm nova obi odessa olive oran page paige pansy paris parker pascal pat patel patience pearl
    penny perry phoenix pierce piper poppy primrose prince prudence quoc rade ram rama rana ray red reed
    reid rex rich rie rin river rob robin rock rocky roman romeo rose rosemary rowan royal ruby rush rusty
    ryo sade saffron sage said samba sandy santiago santos savannah serenity shade sheng shepherd sid
    sierra siri sky skye sol song sonny sora stanton sterling stone storm sue summer sun sunny surya
    suzuki sydney tang tango tanner tate taylor tex thor tia tierney till tone toni tore trent trinity
    troy tucker ty tyson una val vale van vance ventura vera verity vic victoria viola violet virginia
    vishnu viv wade walker wallace wanda ward wei will willow wilson wolf woody wren wynne xin yaw yi yu
    zinnia zola
    """
)
#: Frequent family names, the ambiguous ones too: each needs a given name or a title before it.
SURNAMES = word_set(
    """
    aalto abara abbott abdi abdullah abe abiodun abraham abubakar acharya achebe ackerman acosta adair
    adamczyk adams adebayo adeyemi adjei adkins afolabi agarwal aggarwal aguilar aguirre agyeman ahlberg
    ahmed aitken akande akhtar akintola albert albescu albrecht alexander allen alvarado alvarez amadi
    amari amoah anand anders andersen anderson andersson andrade andrews angelopoulos ansah antoine
    antonov anwar aoki appiah aquino arnaud arnold arora arroyo asamoah asante asghar ashby ashworth
    atkins atkinson atwell aubert avila awad ayala ayers ayodele aziz babic bachmann baez bailey bajwa
    baker bakker baldwin ballard balogh balogun banerjee banks baptiste barber barbier barclay barker
    barlow barnes barnett barrera barrett barron bartlett barton basu bates bauer baumann baxter beasley
    beaumont beck becker beckett bekele bell bellamy bello beltran benes bennett benson bentley berg
    berger berglund bergman bergmann bergstrom bernard bernstein berry bertrand bhatt bhattacharya bianchi
    birch bishop bjork black blackburn blackwell blair blake blanc blanchard blevins blom blythe boateng
    boehm boer bogdanov bond bondarenko bonnet booker booth borisov bos bose bourgeois bowen bowers bowman
    boyd boyer boyle bradford bradley bradshaw brady bramley brandt braun brennan brewer bridges briggs
    briscoe bromley brook brooks broughton brouwer brown browning bruce brun bruno bryan bryant buchanan
    buckley bui bukhari burgess burke burnett burns burton busch bush butler butt byrd byrne cabrera
    calderon caldwell callahan calloway camacho cameron campbell campos cannon cantu caputo cardenas carey
    carlisle carlsen carlson carlsson carney caron carpenter carr carrillo carroll carson carter
    cartwright castaneda castellano castellanos castillo castro cerny cervantes chadwick chakraborty
    chambers chan chandler chapman chatterjee chaudhary chaudhry chaudhuri chavez cheema chen cheng cherry
    cheung chevalier cho choi chopra chow chowdhury christensen christiansen christou chua chung ciobanu
    claes clarke clayton clegg clement clements coates cobb cobham coetzee cohen colbert cole colin
    colombo colon compton conley conner connolly conrad conti contreras conway cook cooke cooper copeland
    coppola corbett cordova cornelissen cortez costa coulson cowan cox craig crane crawford crosby crowley
    cruz cullen cummings cunningham curry curtis dahl dahlberg dalton dang daniel daniels danjuma darby
    darko das datta daugherty davenport davidson davies davis dawes dawson day deangelis decker dejong
    dekker delacruz deleon delgado deluca demetriou demir dempsey denham desai devries dey dhar dhillon
    diaby diallo dias diaz dickerson dickson dietrich dijkstra dimitrov dinh diop dixon dlamini doan
    dobson dodson doherty dolezal dominguez donaldson donnelly donovan dorsey dougherty douglas doyle
    drake driessen driscoll dube dubois dudley duffy dufour duke dumitru dumont duncan dunlap dunn dunne
    duong dupont dupuis duran durand durham dutta duval dvorak dyer eastwood eaton edwards egerton ek
    eklund ekstrom elliott ellison elwood emerson endo engel english engstrom erickson eriksen eriksson
    ernst espinoza esposito estes estrada evans everett eze fabre fairbanks fairchild falk farah farkas
    farley farmer farnham farrell farrow faulkner faure fedorov fenton ferguson fernandes fernandez
    fernando ferrara ferrari ferreira fiala fiedler figueroa finch finley finnegan fiore fischer fisher
    fitzgerald fitzpatrick fitzroy flanagan fleming fletcher flores flynn fofana foley fonseca fontaine
    fontana forbes ford forsberg foster fournier fowler fox francois franke franklin fransson frazier
    frederick freeman french friedrich frost fuchs fuentes fujii fujimoto fujita fukuda fuller gaillard
    gaines galindo gallacher gallagher gallegos gallo galloway galvan gamble ganguly gao garba garcia
    gardner garner garnier garrett garrison garside garza gates gatti gauthier gautier gentile gentry
    georgiev georgiou geraghty gerard ghosh gibbs gibson gilani gilbert gilchrist gill gillespie gilmore
    giordano girard giraud giuliani gladstone glass glenn glover godfrey goh goldberg goldman goldstein
    golubev gomes gomez gonzales gonzalez gonzalves goodall goodman goodwin gordon goswami goto gould
    grady graf graham grainger granger grant grasso graves gray greco green greene greenwood greer griffin
    griffith grimes gross grover guerin guerra guerrero guevara gueye guillaume gunnarsson gunther guo
    gupta gustafsson gutierrez guzman haas haddad haddock hadzic hagen hahn hajek hakansson hakimi hale
    hall halvorsen hamdan hamid hamilton hammond hampton han hancock hanna hansen hanson harada hardin
    harding hardy hargreaves harker harmon harrell harrington harris hart hartley hartman hartmann hartwig
    harvey hasegawa hashemi hashimoto haslam hassan hatfield hathaway haugen hawkins hawthorne hayashi
    hayes haynes hayward he heath hebert hedlund heikkinen hein heinrich hellstrom henderson hendricks
    hendriks henriksen henry hensley henson hermans hernandez herrera herring herrmann herzog hess hester
    heywood hibbert hickman hicks higgins hill hinton hirano ho hobson hodge hodges hoekstra hoffman
    hoffmann hofmann hogan holbrook holcomb holden holland hollis holloway holm holmberg holmes holmqvist
    holt honda hood hooper hoover hopkins horak horn horne horsfall horton horvat horvath hosseini howard
    howarth howe howell huang hubbard huber hubert hudson huff huffman hughes hull humphrey hunt hunter
    hurley hurst hussain hussaini hussein hutchinson hutton huynh hyde ibarra ibrahim igwe ikeda ingleby
    ingram inoue ioannou ionescu ip iqbal isaksson ishida ishii ishikawa ismail ito ivanenko ivanov
    ivanova ivanovic iyer jackson jacobs jacobsen jacobson jacquet jafari jager jahn jain jakobsen
    jakobsson jalloh james jameson jankovic jansen janssen jarvis javed jefferson jelinek jenkins jennings
    jensen jeong jessop jha jimenez johansen johansson johns johnson johnston joly jones jonker jonsson
    jordan jorgensen joseph joshi jovanovic joyce juarez juhasz jung kaczmarek kaiser kamara kamau
    kaminska kaminski kang kaplan kapoor karagiannis karimi kariuki karlsen karlsson kaspersen kato
    kaufman kaufmann kaur kavanagh kaya keane keating keil keita keith keller kelley kelly kemp kennedy
    kenney kent kenyatta kern kerr kershaw khalil khan khoury kiani kim kimura king kinnunen kinoshita
    kinsella kiplagat kirby kirk kiss klein kline knapp knezevic knight knox knudsen kobayashi koch kofler
    koh koivisto kolar konate kondo kone konig korhonen koskinen koster kostic kovac kovacevic kovacs
    kovalenko kovalev kowalczyk kowalska kowalski kozlov kraft kral kramer kratochvil kraus krause
    kravchenko krawczyk krebs krishnan krueger kruger kucera kuhn kuipers kulkarni kumar kunz kuzmin
    kuznetsov kwarteng kwok kwon lacey lacroix laine lakatos lal lam lambert lancaster landry lane lang
    lange langer langford langley lara larsen larson larsson latham lau laurent law lawal lawson lebedev
    leblanc leclerc leclercq lee lefebvre legrand lehmann lehtinen lehtonen lemaire lemoine leon leonard
    leone leroux leroy lester leung levine levy lewandowska lewandowski lewis li lim lin lincoln lindahl
    lindberg lindgren lindholm lindner lindqvist lindsay lindsey lindstrom liu ljung lloyd lockwood lodhi
    lofgren logan lombardi lombardo long longo lopes lopez lorenz lowe lowery loxley lozano lucas lucero
    ludwig lukic lund lundberg lundgren lundqvist luo luong lutz lynch lynn lyons ma maas macdonald macias
    mack mackay mackenzie macleod madden maddox madsen maeda magnusson maguire mahajan mahmood mahmoud
    mahoney maier majewski majumdar makarov makela makinen maldonado malhotra malik malone mancini mandal
    manning mansour marchand marchetti marechal marek mariani maric marinescu marino markovic marlow
    marquez marsh marshall martin martinelli martinez martini martins martinsen marx mason masood masson
    mather mathews mathieu mathis mathur matsuda matsui matsumoto matthews mattsson maxwell mayer maynard
    mayo mazumdar mazur mazza mbeki mccall mccann mccarthy mccarty mcclain mcclure mcconnell mccormick
    mccoy mccullough mcdaniel mcdonald mcdowell mcfarland mcgee mcgrath mcgregor mcguire mcintosh mcintyre
    mckay mckee mckenna mckenzie mckinney mcknight mclaughlin mclean mcleod mcmahon mcmillan mcnally
    mcneil mcpherson meadows medina medvedev mehra mehta meijer mejia melendez melnyk melton memon mendes
    mendez mendoza menon mensah mercado mercer merchant mercier merritt mertens messina metzger meunier
    meyer meyers michaels michalski michel middleton mikhailov mikkelsen milburn miles miller mills
    milosevic miranda mirza mishra mitchell mitra moen mohamed mohammed mohapatra mohr molina molnar
    monroe montgomery monti montoya moody moon mooney moore moosa morales moran moreau morel morelli
    moreno moretti morgan mori moriarty morin morita morozov morris morrison morrow morse mortensen
    mortimer morton moses mosley moss moulin moyo mueller mugabe mughal mukherjee mulder mullen muller
    mulligan mullins munoz munteanu murakami murillo murphy murray mutua mwangi myers nadar nagy naidoo
    naidu nair nakagawa nakajima nakamura nakano nandi narang nash nasser navarro naylor ncube ndiaye
    ndlovu neal negri nel nelson nemec nemeth nesbitt neubauer neumann newman newton ng ngo nguyen
    nicholls nichols nicholson nicolas nicolescu nielsen nieminen nieves nightingale nikolaev nikolaidis
    nikolic nilsen nilsson nishimura njoroge nkosi noble noel nolan nomura norberg nordin norman norris
    norton norwood novak novikov novikova nowak nowicki nowotny nunes nunez nuttall nwachukwu nwosu
    nygaard nystrom oakley obi obrien ocampo ochieng ochoa oconnell oconnor odhiambo odinga odom odonnell
    odonoghue oduya ogawa ogden ogundipe oguntade ojeda okada okafor okamoto okeke okello okon okonkwo
    okoro okoye okpara olawale oleary oliveira oliver olivier olofsson olsen olson olsson olszewski omondi
    oneal oneill ong ono onyango opoku orlando orlov ortega ortiz osborn osborne osei osgood osman
    ostergaard ostrowski ota otieno otsuka otto ouedraogo owens owusu oyelaran pacheco padilla page palmer
    palumbo pandey pandit papadopoulos papp pappas parisi park parker parks parrish parsons patel paterson
    pathak patil patnaik patrick patterson patton paul pavlenko pavlov pavlovic pawlak pawlowski payne
    pearce pearson pedersen peeters pellegrini pemberton pena pendleton pennington penrose pereira perez
    perkins perrin perrot perry persson peters petersen peterson petersson petit petrenko petrov petrova
    petrovic petty peverell pfeiffer pham phan phelps philippe philips phillips picard pickering pickett
    pierce pillai pinto piotrowski pittman pitts plummer pohl poirier pokorny pollard ponce poole pope
    popescu popov popova porter portillo postma potter potts poulsen powell powers prakash prasad pratt
    prescott presley preston price prince prins pritchard prochazka proctor pruitt pugh purcell puri quaye
    quezada quigg quigley quinn qureshi radcliffe radu rafferty rafiq raghavan rahman rai raj rajan
    ramachandran ramakrishnan raman ramaswamy ramirez ramos ramsey randall randolph ranganathan rangel
    rankin rantanen rao rasmussen ratcliffe rathore ratliff rawat reddy redfern redmond reed reese reeves
    reich reilly reinhardt renard renaud rey reyes reynolds rhodes ribeiro ricci rice richard richards
    richardson richter riddle ridley rigby riggs riley rinaldi ritter riva rivas rivera rivers riviere
    rizvi rizzo roach robbins roberson roberts robertson robin robinson robles rocha roche rodgers
    rodrigues rodriguez rogers rojas rolland roman romano romanov romero rosales rosario roscoe rose rosen
    rosenberg rosenthal ross rossetti rossi roth rousseau roussel roux rowe rowland rowlands roy
    roychowdhury royer rubin rubio ruiz rush russell russo rutherford rutkowski rutledge ruud ruzicka ryan
    saavedra sabry sadler saeed sahin sahoo saito sakai sakamoto sala salah salas salazar saleh salinas
    salmi salter samuel samuels sanchez sandberg sanders sanderson sandhu sandoval sandvik sanford santana
    santiago santoro santos sarkar sasaki sato sauer saunders savage saville sawyer saxena schaefer
    schafer scherer schilling schlegel schmidt schmitt schmitz schneider scholz schouten schreiber
    schroder schroeder schubert schulte schultz schulz schumacher schuster schwartz schwarz sedlak seidel
    seifert selby sellers sen senanayake sengupta serra serrano sethi sexton shackleton shaffer shah
    shaikh shannon sharma sharp sharpe shaw shea sheikh shelton shepherd sheppard sheridan sherman shetty
    shevchenko shibata shields shimizu shin shipley shrestha siddiqi siddiqui sidhu sidorov sikora silva
    silvestri simmonds simmons simms simon simonsen simpson sims sinclair singh singleton sinha sithole
    sjoberg skinner slater slattery sloan small smirnov smirnova smit smith smits snyder soares sokolov
    sokolova solberg solis solomon sommer soren sorensen sorokin sorrentino sosa soto sousa souza sow
    spalding spears spencer spooner sridhar srinivasan srivastava stafford stahl stan stanhope stanley
    stanton stapleton stark stead steele stein steiner stephan stephens stephenson stevens stevenson
    stewart stirling stoica stojanovic stokes stone stout strand stratton strickland strom strong stuart
    suarez subramaniam sugden sugiyama sullivan summers sun sundberg sutton suzuki svendsen svensson
    svoboda swamy swanson sweeney sweet swift sykes sylla szabo szczepanski szucs szymanski szymczak tagoe
    tait takacs takada takahashi takeda takeuchi talbot tan tanaka tang tanner tanskanen tarasov tariq
    tate tattersall taylor teixeira tempest teo terrell testa tewari thackeray thakur thapa thatcher thiam
    thibault thiel thomas thompson thomsen thomson thornbury thorne thornton thorpe thorsen thwaite tilley
    timmermans tindall tiwari tkachenko todd todorovic tolbert torres toth toure townsend tran traore
    travis trevelyan trevino trinh trivedi trujillo truong tse tshabalala tucker turay turnbull turner
    tuttle tyler tyndale uchida udoh ueda ulrich umar underwood upadhyay upton urban usman vaidya valdez
    valencia valentini valenzuela vance vandenberg varga vargas varma vasiliev vasquez vasseur vaughan
    vaughn vazquez vega velasquez velazquez velez venkataraman venter verbeek verghese verhoeven verma
    vermeulen vesely vickers vidal vieira vilhelmsen villa villanueva villarreal vincent virtanen visser
    vitale vlachos vogel vogt voigt volkov volkova vollmer voronov vos vu vuong vyas wada wade wagner
    wainwright wakefield walczak walden walker wallace waller wallin walsh walters walther walton wang
    wanjiku warburton ward warner warren warsame warwick washington watanabe waters watkins watson watts
    weatherby weaver webb weber webster weeks weidner weiss welch wells wendt wentworth wenzel werner west
    westbrook westerberg wetherby whelan whitaker whitcombe white whitehead whitfield whitley whitlock
    whitmore whitney whittaker wickham wieczorek wiggins wikstrom wilcox wilde wilder wiley wilkerson
    wilkins wilkinson willems williams williamson willis wilson winkler winslow winstanley winter winters
    winthrop wisniewska wisniewski witkowski witt wojciechowski wojcik wolf wolfe wolff wolstenholme wong
    wood woodard woodhouse woods woodward wooster worthington wouters wozniak wright wroblewski wu wyatt
    wycliffe xu yadav yakovlev yamada yamaguchi yamamoto yamashita yamazaki yang yardley yates yeats
    yeboah yilmaz yip yokoyama yoon york yoshida young yusuf zafar zaidi zaitsev zajac zalewski zamora
    zander zapata zeller zeman zhang zhao zhou zhu zhukov ziegler zielinski zimmerman zimmermann zulu
    zuniga
    """
)

#: Words that stand capitalised where a name may stand, and are no part of one.
NOT_NAMES = word_set(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march july september october
    november december president premier minister chairman children officer detective sample home forms
    binary search sort sorting heap stack queue hash trees stacks queues heaps
    english chinese german french spanish italian russian american british canadian japanese korean indian
    european african
    asian latin greek arabic portuguese dutch swedish polish turkish sir madam all everyone everybody
    anyone anybody someone
    somebody nobody students student class classmates colleagues friends friend team teacher professor
    doctor doctors parents
    editor customer manager hiring committee reader diary god santa department office school university
    college institute
    faculty library laboratory lab centre center physics mechanics mathematics maths math science sciences
    engineering course
    courses lecture lectures lesson lessons chapter chapters section sections part parts unit units week
    weeks problem problems
    example examples exercise exercises question questions answer answers solution solutions homework
    assignment assignments
    law laws motion force forces energy momentum free fall simple harmonic circular uniform angular linear
    kinetic potential
    static acceleration velocity work power friction gravity gravitation pressure contact write ask email
    mail call phone hi
    hello hey dear thanks thank please the this that these those my your our his her their its it we you
    they he she i me us
    and or but so if in on at for from with not just still very really also sorry sure stuck new here there
    when what why how
    who whom whose which where now then today tomorrow yesterday tonight ok okay yes no good great nice
    happy going working
    trying studying learning python java javascript matlab excel word powerpoint linux windows unix android
    google github
    gitlab moodle canvas blackboard zoom slack discord wechat facebook twitter youtube wikipedia numpy
    pandas room building
    street best kind warm regards yours sincerely cheers help support service desk group groups hotline
    information head a an
    of to as by is are was were be been do does did done has have had can could will would shall should may
    might must let
    lets about above after again against among any around because before behind below beside besides
    between both during each
    either else every few first second third last next finally firstly secondly however although though
    unless until since
    while whereas therefore thus hence moreover furthermore meanwhile instead otherwise perhaps maybe
    probably indeed actually
    basically suppose assume consider given find show prove compute calculate solve draw sketch plot define
    note notice recall
    remember check see look read use using try make take give get go come say tell think know want need
    like keep put set start
    stop open close turn move run add remove change choose select enter press click type submit upload
    download send reply
    attend join meet visit bring wait stay leave sit stand talk speak listen watch explain describe discuss
    compare complete
    finish begin continue repeat review revise practise practice prepare test exam exams midterm final
    finals quiz quizzes
    grade grades mark marks point points page pages line lines figure fig table tables equation equations
    formula theorem
    lemma proof definition corollary remark appendix index abstract introduction conclusion summary
    references bibliography
    north south east west northern southern eastern western upper lower left right high low big small long
    short old young
    early late many much more most less some several other others another same different one two three four
    five six seven
    eight nine ten zero half once twice morning afternoon evening night noon midnight spring summer autumn
    winter term semester
    year month day hour minute date time deadline monday's office hours zoom's join's attn cc bcc re fwd
    subject sent signed
    reminder notice announcement attention warning important update news welcome congratulations well done
    hey'all
    mum mom dad sons ltd inc corp united kingdom states republic china england scotland wales ireland
    britain france germany
    spain italy russia america canada australia zealand japan korea india brazil mexico egypt africa europe
    asia london oxford
    cambridge manchester edinburgh glasgow dublin leeds bristol boston chicago york angeles francisco
    seattle texas california
    beijing shanghai nanjing wuhan hangzhou guangzhou shenzhen chengdu hong kong taipei singapore tokyo
    kyoto osaka seoul delhi
    mumbai moscow berlin munich hamburg vienna zurich geneva rome milan venice madrid barcelona lisbon
    amsterdam brussels
    copenhagen stockholm oslo helsinki warsaw prague budapest athens istanbul cairo nairobi lagos sydney
    melbourne toronto
    montreal vancouver earth moon mars jupiter saturn venus mercury uranus neptune pluto sun
    linear algebra calculus geometry statistics probability chemistry biology history economics philosophy
    psychology literature
    computer computing programming data database algorithm algorithms network networks machine deep neural
    artificial
    intelligence quantum classical modern applied advanced basic introductory discrete numerical organic
    general special
    theory method methods model models system systems function functions matrix vector graph tree set sets
    series integral
    derivative limit limits differential partial ordinary wave waves light sound heat thermal electric
    magnetic field fields
    atom atoms atomic molecular cell cells gene protein acid base carbon hydrogen oxygen nitrogen sodium
    iron gold silver copper
    true false none null return import class def print let const var self int float string list dict tuple
    lambda try except
    north-west south-east student's id ids number numbers name names address tel fax mobile cell wifi
    internet web website url
    http https www com pdf csv html json api gpu cpu ram usb pin pins password username login account card
    bank visa mastercard
    paypal amazon apple microsoft intel nvidia samsung raspberry pi alexandria sony nokia huawei tencent
    alibaba baidu ollama docker
    christmas easter thanksgiving ramadan diwali halloween olympic olympics bible quran torah buddhist
    christian muslim jewish
    catholic roman renaissance victorian nobel fields turing award awards prize medal olympics world cup
    war ii iii iv vi
    drs profs messrs tas ta phd msc bsc ba ma mba jr sr esq dept univ vol ed eds pp et al eg ie vs
    could've should've would've don't doesn't didn't can't couldn't won't wouldn't isn't aren't wasn't
    weren't hasn't haven't
    hadn't shouldn't it's that's what's who's where's there's here's i'm i'll i've i'd you're you'll you've
    we're we'll we've
    they're they'll he's he'll she's she'll let's
    """
)
