"""What the model leaves out, and why: the list of docs/model.md, which a test holds equal to this one."""

LEFT_OUT = (
    (
        "Metastases known at diagnosis (M1)",
        "They are treated along other lines. The cohort is M0 on staging; occult metastases are included.",
    ),
    (
        "Watch and wait",
        "Every complete responder is operated on. Regrowth is a pathway of its own, with its own "
        "evidence; policies that aim at organ preservation cannot be compared yet.",
    ),
    (
        "Local excision, stents, emergency operations",
        "Other selections of patients, other operations.",
    ),
    (
        "A second salvage resection",
        "Rare, and selected beyond what the evidence describes. Treatment after re-recurrence is "
        "palliative, so survival after it may be a little short.",
    ),
    (
        "External iliac, common iliac and inguinal nodes; several nodes on a side",
        "Rarer sites. The largest node carries the decision in practice.",
    ),
    (
        "Harm of lateral dissection beyond theatre time; late harm of radiotherapy other than deaths; "
        "quality of life; permanent stomas; costs",
        "Benefit is therefore reported without its full price: the policy that averts most "
        "recurrences is not necessarily the best one.",
    ),
    (
        "What a salvage complication does to later life",
        "Counted, but without any consequence except operative death.",
    ),
    (
        "Palliative treatment in detail",
        "It is included in the survival of those who get it.",
    ),
    (
        "Uncertainty of the parameters",
        "Their intervals are recorded in `conf/uncertainty/`, and `conf/posterior.csv` is a joint "
        "sample of those on which trials are informative; the intervals in the tables are of "
        "simulated luck only.",
    ),
)
