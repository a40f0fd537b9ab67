"""What the model leaves out, and why: the list of docs/model.md, which a test holds equal to this one."""

VALUES = "Quality of life and costs, unless a run has prices and utilities"
LEFT_OUT = (
    (
        "Metastases known at diagnosis (M1)",
        "They are treated along other lines. The cohort is M0 on staging; occult metastases are included.",
    ),
    (
        "Stents and other bridges to surgery; a second regrowth",
        "An obstructed or perforated tumour is resected at once, or diverted. What comes back after "
        "the resection of a regrowth is a local recurrence.",
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
        VALUES,
        "Without them harm is counted, and not weighed against the recurrences averted: the policy that "
        "averts most is not necessarily the best one. `economics=dutch` weighs them; `docs/economics.md` "
        "names what that leaves out.",
    ),
    (
        "What harm does to later treatment and survival; toxicity of chemotherapy after surgery",
        "Harm is counted, but without any consequence except the deaths that surgery and second cancers "
        "cause.",
    ),
    (
        "Palliative treatment in detail",
        "Of a recurrence it is given or not, and prolongs survival by a ratio.",
    ),
    (
        "Uncertainty of the parameters",
        "Their intervals are recorded in `conf/uncertainty/`, and `conf/posterior.csv` is a joint "
        "sample of those on which trials are informative. The intervals in most tables are of "
        "simulated luck only; `uncertainty.csv` holds parameters and discrepancy.",
    ),
)
