"""What the reporting checklists ask, item by item, in this project's own words, and where it was read.

Numbers and topics are those of the published lists; the wording is not. Where a list could not be read, its
items are not here.
"""

from typing import NamedTuple


class Item(NamedTuple):
    """An item of a checklist: its number, its topic, and what it asks."""

    number: str
    topic: str
    asks: str


class Checklist(NamedTuple):
    """A checklist: its name, its publication, what of it was read for these pages, and its items."""

    name: str
    publication: str
    read: str
    items: tuple[Item, ...]


STRESS_DES = Checklist(
    "STRESS-DES",
    "Monks T, Currie CSM, Onggo BS, Robinson S, Kunc M, Taylor SJE. Strengthening the reporting of empirical "
    "simulation studies. Journal of Simulation 2019;13(1):55-67, doi:10.1080/17477778.2018.1442155",
    "Numbers, topics and content of all items were read in a copy of the form (version 1.0) that the STARS "
    "project publishes for its assessments; the article itself was not. Check them against the article.",
    (
        Item("1.1", "Purpose of the model", "why the model was made, and what it is for"),
        Item("1.2", "Model outputs", "each reported quantity, how and when it is computed, and its error"),
        Item("1.3", "Experimentation aims", "the scenarios with names and reasons, or the design of a sweep"),
        Item("2.1", "Base model overview diagram", "a picture of how the system is modelled"),
        Item("2.2", "Base model logic", "how the model works, in enough detail to follow it"),
        Item("2.3", "Scenario logic", "how each scenario differs from the base case"),
        Item("2.4", "Algorithms", "rules that mimic processes of the real world, reproducibly"),
        Item("2.5.1", "Components: entities", "who or what moves through the model, with all attributes"),
        Item("2.5.2", "Components: activities", "what happens to them, and what leads in and out"),
        Item("2.5.3", "Components: resources", "what is needed, and by which activities"),
        Item("2.5.4", "Components: queues", "the order of service, and who leaves a queue"),
        Item("2.5.5", "Components: entry and exit points", "where entities arrive and leave, and how"),
        Item("3.1", "Data sources", "every source, with its size, dates and use"),
        Item("3.2", "Pre-processing", "what was done to data before they were used"),
        Item("3.3", "Input parameters", "all inputs with values and distributions, base case and changes"),
        Item("3.4", "Assumptions", "what was assumed where nothing was known"),
        Item(
            "4.1", "Initialisation", "whether the system ends by itself, warm-up, and the state at the start"
        ),
        Item("4.2", "Run length", "how long is simulated, in which unit of time"),
        Item("4.3", "Estimation approach", "how chance is dealt with: replications, batches, and how many"),
        Item("5.1", "Software or programming language", "system, language and libraries with versions"),
        Item("5.2", "Random sampling", "the generator, and how random numbers are shared between scenarios"),
        Item("5.3", "Model execution", "how events are processed, which priorities hold, parallel work"),
        Item("5.4", "System specification", "the hardware, and how long a run takes"),
        Item("6.1", "Computer model sharing statement", "how somebody can get and run the model"),
    ),
)

CHEERS = Checklist(
    "CHEERS 2022",
    "Husereau D, Drummond M, Augustovski F, et al. Consolidated Health Economic Evaluation Reporting "
    "Standards 2022 statement. Eur J Health Econ 2022;23:1309-1317, doi:10.1007/s10198-021-01426-6",
    "Items 1 to 17 were read in the article's table; of items 18 to 28 only "
    "numbers and topics, in two copies "
    "of the list by others. Check those against the article.",
    (
        Item("1", "Title", "that it is an economic evaluation, and what is compared"),
        Item("2", "Abstract", "a structured summary with the alternative analyses"),
        Item("3", "Background and objectives", "the context, the question, and whom the answer serves"),
        Item("4", "Health economic analysis plan", "whether there was a plan, and where it is"),
        Item("5", "Study population", "who the patients are"),
        Item("6", "Setting and location", "circumstances that may bear on the findings"),
        Item("7", "Comparators", "what is compared, and why these"),
        Item("8", "Perspective", "whose costs and effects are counted, and why"),
        Item("9", "Time horizon", "over which time, and why that fits"),
        Item("10", "Discount rate", "the rates, and why"),
        Item("11", "Selection of outcomes", "the measures of benefit and harm"),
        Item("12", "Measurement of outcomes", "how these were measured"),
        Item("13", "Valuation of outcomes", "in whom and how outcomes were valued"),
        Item("14", "Measurement and valuation of resources and costs", "how costs were found"),
        Item(
            "15", "Currency, price date, and conversion", "dates of quantities and prices, currency and year"
        ),
        Item("16", "Rationale and description of model", "the model, why it was used, where it can be had"),
        Item("17", "Analytics and assumptions", "methods of analysis, extrapolation and validation"),
        Item("18", "Characterising heterogeneity", "(only its topic was read)"),
        Item("19", "Characterising distributional effects", "(only its topic was read)"),
        Item("20", "Characterising uncertainty", "(only its topic was read)"),
        Item("21", "Approach to engagement with patients and others", "(only its topic was read)"),
        Item("22", "Study parameters", "(only its topic was read)"),
        Item("23", "Summary of main results", "(only its topic was read)"),
        Item("24", "Effect of uncertainty", "(only its topic was read)"),
        Item("25", "Effect of engagement with patients and others", "(only its topic was read)"),
        Item("26", "Findings, limitations, generalisability, current knowledge", "(only its topic was read)"),
        Item("27", "Source of funding", "(only its topic was read)"),
        Item("28", "Conflicts of interest", "(only its topic was read)"),
    ),
)

ODD = Checklist(
    "ODD",
    "Grimm V, et al. The ODD protocol for describing agent-based and other "
    "simulation models: a second update "
    "to improve clarity, replication, and structural realism. 2020",
    "The seven elements and the eleven design concepts were read in a copy of the article's first supplement "
    "by another project; the article itself was not. Check them against the article.",
    (
        Item("1", "Purpose and patterns", "what the model is for, and by what it is judged"),
        Item(
            "2", "Entities, state variables, and scales", "what there is, what describes it, time and space"
        ),
        Item("3", "Process overview and scheduling", "what happens, in which order"),
        Item("4.1", "Design concepts: basic principles", "the ideas behind the model"),
        Item("4.2", "Design concepts: emergence", "what follows from behaviour and is not imposed"),
        Item("4.3", "Design concepts: adaptation", "what agents decide in response to their state"),
        Item("4.4", "Design concepts: objectives", "by what they judge alternatives"),
        Item("4.5", "Design concepts: learning", "whether they change how they decide"),
        Item("4.6", "Design concepts: prediction", "what they foresee"),
        Item("4.7", "Design concepts: sensing", "what they know"),
        Item("4.8", "Design concepts: interaction", "how they act on each other"),
        Item("4.9", "Design concepts: stochasticity", "what is random, and why"),
        Item("4.10", "Design concepts: collectives", "groups that matter"),
        Item("4.11", "Design concepts: observation", "what is recorded, and how it is analysed"),
        Item("5", "Initialization", "the state at the start"),
        Item("6", "Input data", "what is read from outside while the model runs"),
        Item("7", "Submodels", "each process in full"),
    ),
)

ADVISHE = Checklist(
    "AdViSHE",
    "Vemer P, Corro Ramos I, van Voorn GAK, Al MJ, Feenstra TL. AdViSHE: a validation-assessment tool of "
    "health-economic models for decision makers and model users. PharmacoEconomics 2016;34:349-361, "
    "doi:10.1007/s40273-015-0327-2",
    "Only the abstract was read: 13 items in four parts. The items themselves "
    "could not be read, so this draft "
    "goes by the four parts alone. Take the numbered items from the article's form before use.",
    (
        Item("part 1", "The conceptual model", "(items not read)"),
        Item("part 2", "The input data", "(items not read)"),
        Item("part 3", "The implemented software program", "(items not read)"),
        Item("part 4", "The model outcomes", "(items not read)"),
    ),
)

TECH_VER = Checklist(
    "TECH-VER",
    "Büyükkaramikli NC, Rutten-van Mölken MPMH, Severens JL, Al M. TECH-VER: a verification checklist to "
    "reduce errors in models and improve their credibility. PharmacoEconomics 2019;37:1391-1408, "
    "doi:10.1007/s40273-019-00844-y",
    "The five domains were read in the abstract, and the first part of the list of black-box tests (Table 2: "
    "inputs, and the beginning of the event-state calculations). The rest of "
    "that list could not be read; the "
    "tests below are this project's own, in its spirit, and are not numbered as there.",
    (
        Item("domain 1", "Input calculations", "whether inputs are worked out as they should be"),
        Item("domain 2", "Event-state (patient flow) calculations", "whether patients move as they should"),
        Item("domain 3", "Result calculations", "whether results follow from what happened to the patients"),
        Item("domain 4", "Uncertainty analysis calculations", "whether uncertain inputs are drawn correctly"),
        Item("domain 5", "Other overall checks", "validity and interface"),
    ),
)
