"""The text of a new lesson: a short one that runs, with what each key is and may be."""

import textwrap

from conf.lesson import MOST_POLICIES
from conf.lesson_figures import OF_TWO, OVER_REPETITIONS, PERCENT, TIMES
from conf.lesson_prediction import MOST_OPTIONS
from conf.question import PICTURES, WAITS

WIDTH = 100
PARTS = (
    (
        "A lesson: a question about a scenario, a prediction, and what the model says. Write in plain "
        "words; nothing here needs Python. What begins with # is a comment.",
        "title: Does a routine stoma prevent leaks?",
    ),
    (
        "what a student can say afterwards",
        "goal: You can say what a diverting stoma averts, and at what price.",
    ),
    ("how long it takes in class", "minutes: 15"),
    ("under which licence others may use it", "licence: CC BY 4.0"),
    (
        "what is simulated: a cohort, a clinic, a disease and a country's prices by name (lrrc compare "
        "--help lists them), how many patients, repetitions with other luck, and changes of single numbers; "
        "what is left out is as in lrrc compare",
        """
        scenario:
          cohort: dutch_contemporary
          patients: 20000
        #   clinic: unlimited
        #   disease: calibrated
        #   economics: dutch
        #   repetitions: 1
        #   change: {cohort.female_share: 0.5}
        """,
    ),
    (
        f"what is compared, at most {MOST_POLICIES}; the others are compared with the first; joined by + "
        "they are combined",
        "policies: [usual_care+diverting_stoma_never, usual_care+diverting_stoma_always]",
    ),
    (
        "what is asked before anything is shown",
        """
        question: >-
          Some surgeons protect every new join of the bowel by a temporary stoma, others none. How far do
          leaks of the join fall if everyone has a stoma?
        """,
    ),
    (
        f"what a student predicts: a choice of at most {MOST_OPTIONS} options, each right from one value of "
        "the answer's figure on and below another; together they cover every number. A number instead: "
        "{kind: number, unit: of 1,000 patients, low: 0, high: 200, near: 10}",
        """
        prediction:
          kind: choice
          options:
            - {says: They hardly change., from: 0.8}
            - {says: "They fall, but most remain.", from: 0.25, below: 0.8}
            - {says: They all but vanish., below: 0.25}
        """,
    ),
    (
        "the figure that decides; or {option: largest} or {option: smallest}, where each option has a figure "
        "instead of from and below",
        "answer: {figure: remain}",
    ),
    (
        "figures that are computed, by names of your own. An outcome (docs/outcomes.md) counts of 1,000 "
        "patients, within 5 years unless years says otherwise; it can have mechanism, compartment or group. "
        f"wait is a median of days, for one of {', '.join(WAITS)}. value, where the scenario has "
        "economics, is what 1,000 patients cost (costs_societal, costs_health_care, a kind of cost), or "
        "their qalys or life_years. evidence is a published value, by its id "
        f"in conf/evidence.csv. {', '.join(OF_TWO)} are of two figures above; a ratio is written: "
        f"{PERCENT} or {TIMES}. {', '.join(OVER_REPETITIONS)} are of one figure, over the repetitions. "
        "luck: own takes other patients; if: NAME measures with a change of vary",
        """
        figures:
          unprotected: {outcome: leak, policy: usual_care+diverting_stoma_never}
          protected: {outcome: leak, policy: usual_care+diverting_stoma_always}
          remain: {ratio: [protected, unprotected]}
          stomas_before: {outcome: permanent_stoma, policy: usual_care+diverting_stoma_never}
          stomas_after: {outcome: permanent_stoma, policy: usual_care+diverting_stoma_always}
          stomas: {difference: [stomas_after, stomas_before]}
        """,
    ),
    (
        "what to try afterwards: any number of the model, policies, a cohort, a clinic or a disease",
        """
        vary:
          - {says: And if the first stoma protected less?, change: {surgery.leak_undiverted_odds_ratio: 1.2}}
        """,
    ),
    (f"pictures to look at, of {', '.join(PICTURES)}", "reveal: [averted_and_harmed]"),
    (
        "why, in paragraphs; {name} stands for a figure, so that no number is typed",
        """
        explanation:
          - >-
            Of 1,000 joins, {unprotected} leak without a stoma and {protected} with one: {remain} remain.
          - >-
            A stoma that is meant to be closed is not always closed. At five years {stomas} more patients of
            1,000 have a permanent one.
        """,
    ),
    ("ids of conf/evidence.csv that it rests on", "evidence: [meta.stoma.leak.rr]"),
    (
        "what to discuss",
        """
        discuss:
          - Who gains from a stoma, and who only has it?
        """,
    ),
    (
        "what must be so for the explanation to be true; lrrc lesson says where it is not",
        """
        holds:
          - {figure: remain, from: 0.2, to: 0.9}
          - {figure: stomas, from: 0}
        """,
    ),
)


def lesson_file() -> str:
    """Return the text of a new lesson."""
    lines: list[str] = []
    for words, content in PARTS:
        lines += [*(f"# {line}" for line in textwrap.wrap(words, WIDTH, break_on_hyphens=False))]
        lines += [*textwrap.dedent(content).strip().splitlines(), ""]
    return "\n".join(lines[:-1]) + "\n"
