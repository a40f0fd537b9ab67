"""Every title is a claim that the table below it bears out, whatever the run.

The claims are parsed from the words of the title, and checked on the table row by row, with no help from the
code that wrote them. The tables are those of small runs, whose intervals are widened or narrowed at random,
so that more and fewer differences lie beyond luck than in a run.
"""

import re

import pandas as pd
import pytest
from helpers.pages import title
from helpers.run_tables import run_tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.pictures.averted import averted_by_compartment, averted_by_mechanism
from analysis.pictures.flow import flow
from analysis.pictures.icon_array import icon_array
from analysis.pictures.incidence import incidence, incidence_by_mechanism
from analysis.pictures.pelvis import pelvis, pelvis_change
from analysis.pictures.price import WORDS, averted_and_harmed
from analysis.pictures.survival import survival
from analysis.words.wording import policy_words
from sim.counting.outcomes import LASTING
from sim.patient import Harm

POLICIES = (
    "tme_alone",
    "chemoradiotherapy",
    "chemoradiotherapy+lateral_after_5mm",
    "short_course+lateral_both_sides+lateral_routine",
    "washout_never",
    "total_neoadjuvant+organ_preservation",
)
KINDS = ("margin", "mesorectum", "lateral_node", "exfoliation", "spillage")
ORIGIN = {
    "from the margin": "margin",
    "from the mesorectum": "mesorectum",
    "from lateral nodes": "lateral_node",
    "by exfoliation": "exfoliation",
    "by spillage": "spillage",
}
PLACES = {
    "central": ["central"],
    "anterior": ["anterior"],
    "posterior": ["posterior"],
    "perineal": ["perineal"],
    "peritoneal": ["peritoneal"],
    "side walls": ["lateral_left", "lateral_right"],
}


@st.composite
def runs(draw):
    """Return the tables of a small run, its intervals stretched about their estimates."""
    policies = draw(st.lists(st.sampled_from(POLICIES), min_size=1, max_size=4, unique=True))
    seed, patients = draw(st.integers(0, 3)), draw(st.sampled_from([1, 12, 60, 250]))
    words = (f"patients={patients}", f"seed={seed}", f"policies=[{','.join(policies)}]")
    stretch = draw(st.sampled_from([0.0, 0.2, 1.0]))
    tables = {name: table.copy() for name, table in run_tables(*words).items()}
    for name in ("outcomes", "differences"):
        table = tables[name]
        for edge in ("ci_low", "ci_high"):
            table[edge] = table["estimate"] + stretch * (table[edge] - table["estimate"])
    for name in ("averted", "harmed"):
        table = tables[name]
        for edge in ("net_low", "net_high"):
            table[edge] = table["net"] + stretch * (table[edge] - table["net"])
    return tables


def one(table, **wanted):
    """Return the one row that has these values, as a dictionary."""
    found = [
        row for row in table.to_dict("records") if all(row[name] == value for name, value in wanted.items())
    ]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


def written(share):
    return "<0.1" if 0 < share < 0.0005 else f"{100 * share:.1f}"


def named(words, tables):
    """Return the policy that a title calls so."""
    (name,) = (p for p in tables["outcomes"]["policy"].unique() if policy_words(p).lower() == words.lower())
    return name


def all_of(outcome="local_recurrence", **more):
    return {"outcome": outcome, "group": "all", "mechanism": "all", "compartment": "all"} | more


def beyond(row, low="ci_low", high="ci_high"):
    return row[low] > 0 or row[high] < 0


def rows_of(table, **wanted):
    """Return the rows that have these values, as dictionaries."""
    return [row for row in table.to_dict("records") if all(row[k] == v for k, v in wanted.items())]


def check_change(said, tables, key):
    """Check ``X lowers NOUN at Y years from A % to B %`` for an outcome or a mechanism of it."""
    found = re.fullmatch(
        r"(.+) (lowers|raises) .+ at 5 years (?:from (\S+) % to (\S+) %|by less than 0.1 percentage points)",
        said,
    )
    assert found, said
    policy = named(found[1], tables)
    row = one(tables["differences"], policy=policy, horizon_years=5.0, **key)
    before, after = (
        one(tables["outcomes"], policy=row[who], horizon_years=5.0, **key)["estimate"]
        for who in ("comparator", "policy")
    )
    assert beyond(row)
    assert (after < before) == (found[2] == "lowers")
    if found[3]:
        assert (written(before), written(after)) == (found[3], found[4])
    else:
        assert abs(after - before) < 0.001


def check_curves(said, tables, outcome, noun):
    if said == "No local recurrence within 10 years":
        assert noun == "local recurrence"
        assert not any(row["estimate"] for row in rows_of(tables["outcomes"], **all_of(horizon_years=10.0)))
    elif said.startswith("No difference in "):
        assert said.startswith(f"No difference in {noun} at 5 years beyond simulated luck")
        rows = rows_of(tables["differences"], **all_of(outcome, horizon_years=5.0))
        assert rows and not any(map(beyond, rows))
    elif found := re.fullmatch(rf"{noun} is (\S+) % at 5 years under (.+)", said, re.IGNORECASE):
        row = one(tables["outcomes"], policy=named(found[2], tables), **all_of(outcome, horizon_years=5.0))
        assert written(row["estimate"]) == found[1]
    else:
        assert noun in said
        check_change(said, tables, all_of(outcome))


def check_mechanisms(said, tables):
    shares = {
        kind: rows_of(tables["outcomes"], **all_of(mechanism=kind, horizon_years=5.0)) for kind in KINDS
    }
    if said == "No local recurrence within 10 years":
        assert not any(row["estimate"] for row in rows_of(tables["outcomes"], **all_of(horizon_years=10.0)))
    elif said.startswith("No difference from "):
        assert "in any mechanism of local recurrence at 5 years beyond simulated luck" in said
        for kind in KINDS:
            rows = rows_of(tables["differences"], **all_of(mechanism=kind, horizon_years=5.0))
            assert rows and not any(map(beyond, rows))
    elif said.startswith("No mechanism of local recurrence leads"):
        assert said.endswith("beyond simulated luck")
        for kind in KINDS:
            others = max(shares[o][0]["ci_high"] for o in KINDS if o != kind)
            assert shares[kind][0]["ci_low"] <= others
    elif found := re.fullmatch(r"Local recurrence (.+) leads: (\S+) % at 5 years under .+", said):
        kind = ORIGIN[found[1]]
        assert written(shares[kind][0]["estimate"]) == found[2]
        assert all(shares[kind][0]["estimate"] > shares[o][0]["estimate"] for o in KINDS if o != kind)
    else:
        (origin,) = (words for words in ORIGIN if f"local recurrence {words} at" in said)
        check_change(said, tables, all_of(mechanism=ORIGIN[origin]))


def net_of(averted, policy, by, names):
    other = {"mechanism": "compartment", "compartment": "mechanism"}[by]
    return sum(
        one(averted, policy=policy, horizon_years=5.0, **{by: name, other: "all"})["net"] for name in names
    )


def parts_of(where, by):
    """Return the kinds that words such as ``on the side walls`` name, and all other kinds, by their words."""
    kinds = {words: [kind] for words, kind in ORIGIN.items()} if by == "mechanism" else PLACES
    mine = [words for words in kinds if words in where]
    assert mine, where
    return [kinds[words] for words in mine], [names for words, names in kinds.items() if words not in mine]


def check_averted(said, tables, by):
    averted = tables["averted"]
    total = rows_of(averted, mechanism="all", compartment="all", horizon_years=5.0)
    if said.startswith("Nothing averted or caused"):
        assert not total
        return
    if said.startswith("No net change in local recurrences from "):
        assert said.endswith("within 5 years beyond simulated luck")
        assert not any(beyond(row, "net_low", "net_high") for row in total)
        return
    found = re.fullmatch(
        r"(.+) (averts|causes) ([\d.]+) local recurrences per 1,000 patients within 5 years"
        r"(?:, ([\d.]+) of them (.+)|, net: ([\d.]+) (fewer|more) (.+), some (more|fewer) .+)?",
        said,
    )
    assert found, said
    policy = named(found[1], tables)
    (row,) = (row for row in total if row["policy"] == policy)
    sign = 1 if found[2] == "averts" else -1
    assert beyond(row, "net_low", "net_high") and sign * row["net"] > 0
    assert f"{abs(row['net']):.1f}" == found[3]
    number, where = found[4] or found[6], found[5] or found[8]
    if not where:
        return
    (mine,), others = parts_of(where, by)
    part = sign * net_of(averted, policy, by, mine)
    assert f"{part:.1f}" == number
    # Nothing else has as many: no other is the one to be named.
    assert all(round(sign * net_of(averted, policy, by, names), 1) < round(part, 1) for names in others)
    rest = sum(sign * net_of(averted, policy, by, names) for names in others)
    assert part + rest == pytest.approx(sign * row["net"])
    if found[4]:
        assert float(number) <= float(found[3]) and rest > -1e-6
    else:
        assert (found[7], found[9]) == (("fewer", "more") if sign > 0 else ("more", "fewer"))
        assert rest < 0


def check_pelvis(said, tables):
    policies = list(tables["outcomes"]["policy"].unique())
    first = tables["differences"]["comparator"].iloc[0] if len(tables["differences"]) else policies[0]
    key = all_of(horizon_years=5.0) | {"policy": first}
    share = {
        words: sum(
            1000 * one(tables["outcomes"], **(key | {"compartment": name}))["estimate"] for name in names
        )
        for words, names in PLACES.items()
    }
    total = 1000 * one(tables["outcomes"], **key)["estimate"]
    assert sum(share.values()) == pytest.approx(total)
    assert f"under {policy_words(first)}".lower() in said.lower()
    if said.startswith("No local recurrence in any compartment within 5 years"):
        assert total == 0
    elif not said.startswith("No compartment leads"):
        found = re.search(r"begin most often (.+): ([\d.]+) of ([\d.]+) per 1,000 patients", said)
        (mine,) = (words for words in share if words in found[1])
        assert (f"{share[mine]:.1f}", f"{total:.1f}") == (found[2], found[3])
        assert all(share[mine] > number for words, number in share.items() if words != mine)
        assert share[mine] <= total + 1e-9


def check_pelvis_change(said, tables):
    averted = tables["averted"]
    at = {"mechanism": "all", "horizon_years": 5.0}

    def net(policy, words, edge="net"):
        return sum(one(averted, policy=policy, compartment=k, **at)[edge] for k in PLACES[words])

    def changed(policy):
        return [w for w in PLACES if net(policy, w, "net_low") > 0 or net(policy, w, "net_high") < 0]

    if said.startswith("Nothing changes in the pelvis"):
        assert averted.empty
        return
    if said.startswith("No change from "):
        assert "in any of the six places of the pelvis within 5 years beyond simulated luck" in said
        assert not any(changed(policy) for policy in averted["policy"].unique())
        return
    found = re.fullmatch(
        r"(.+) (averts|causes) local recurrences (?:in (\d) of 6 places beyond simulated luck, most (.+)"
        r"|(.+) beyond simulated luck): ([\d.]+) per 1,000 patients within 5 years( each)?",
        said,
    )
    assert found, said
    policy, sign = named(found[1], tables), 1 if found[2] == "averts" else -1
    same = [words for words in changed(policy) if sign * net(policy, words) > 0]
    assert len(same) == int(found[3] or 1)
    mine = [words for words in PLACES if re.search(rf"\b{words}\b", found[4] or found[5])]
    assert mine and set(mine) <= set(same)
    assert {f"{sign * net(policy, words):.1f}" for words in mine} == {found[6]}
    assert (len(mine) > 1) == bool(found[7])
    # What ties is named too; all else has less, on the other side as well.
    least = float(found[6])
    assert all(float(f"{sign * net(policy, w):.1f}") < least for w in same if w not in mine)
    assert all(abs(net(policy, w)) <= least + 0.0501 for w in changed(policy))


def check_flow(said, tables):
    table = tables["flow"]
    if said.startswith("No local recurrence was found within 10 years"):
        under = [named(name, tables) for name in re.split(" and ", said.partition(" under ")[2]) if name]
        assert not len(table[table["policy"].isin(under)] if under else table)
        return
    found = re.fullmatch(
        r"Under (.+), (\S+) of 1,000 patients have a local recurrence found; (\S+) have it resected, "
        r"and (\S+) end alive and free of cancer",
        said,
    )
    policy = named(found[1], tables)
    n = one(tables["outcomes"], policy=policy, **all_of(horizon_years=10.0))["n"]
    ways = rows_of(table, policy=policy)
    numbers = [
        1000 * sum(way["n"] for way in ways if keep(way)) / n
        for keep in (lambda w: True, lambda w: w["margin"] != "none", lambda w: w["fate"] == "alive_free")
    ]
    assert [f"{number:.1f}" for number in numbers] == [found[2], found[3], found[4]]
    assert numbers[0] >= numbers[1] >= numbers[2]


def check_icons(said, tables):
    found = re.fullmatch(
        r"Of 1,000 patients, (\d+) (?:has|have) a local recurrence within 5 years under (.+?)"
        r"(?:, and no other policy differs (beyond simulated luck)|, and (\d+) under (.+?))?"
        r"(?:; (\d+)(?: and (\d+))? live with a permanent stoma)?",
        said,
    )
    assert found, said
    shares = {row["policy"]: row for row in rows_of(tables["outcomes"], **all_of(horizon_years=5.0))}
    compared = {row["policy"]: row for row in rows_of(tables["differences"], **all_of(horizon_years=5.0))}
    assert f"{1000 * shares[named(found[2], tables)]['estimate']:.0f}" == found[1]
    if found[3]:
        assert compared and not any(map(beyond, compared.values()))
    if found[4]:
        other = named(found[5], tables)
        assert beyond(compared[other])
        assert f"{1000 * shares[other]['estimate']:.0f}" == found[4]
    stomas = {
        row["policy"]: f"{1000 * row['estimate']:.0f}"
        for row in rows_of(tables["outcomes"], **all_of("permanent_stoma", horizon_years=5.0))
    }
    expected = [stomas[named(name, tables)] for name in (found[2], found[5]) if name]
    assert found[3] or [number for number in (found[6], found[7]) if number] == expected


def check_price(said, tables):
    averted = rows_of(tables["averted"], mechanism="all", compartment="all", horizon_years=5.0)
    if said.startswith("Nothing averted or harmed"):
        assert not averted
        return
    if said.startswith("No policy averts recurrences within 5 years compared with "):
        assert not any(row["net_low"] > 0 for row in averted)
        return
    found = re.fullmatch(
        r"(.+?) (?:averts|each avert) (\S+) recurrences per 1,000 patients within 5 years"
        r"(?:; (no harm) is more frequent beyond simulated luck|; (\S+) more (live with|have had) (.+))?",
        said,
    )
    assert found, said
    sure = {row["policy"]: f"{row['net']:.1f}" for row in averted if row["net_low"] > 0}
    assert max(map(float, sure.values())) == float(found[2])
    if not found[3] and not found[4]:
        assert list(sure.values()).count(found[2]) > 1
        return
    policy = named(found[1], tables)
    assert sure[policy] == found[2]
    harms = rows_of(tables["harmed"], policy=policy, horizon_years=5.0)
    more = {row["harm"]: row["net"] for row in harms if row["net_low"] > 0}
    assert bool(found[3]) == (not more)
    if more:
        (harm,) = (name for name in more if WORDS[name] == found[6])
        assert f"{more[harm]:.1f}" == found[4] == f"{max(more.values()):.1f}"
        assert (Harm[harm.upper()] in LASTING) == (found[5] == "live with")


def check_every_title(tables):
    three = tables["outcomes"], tables["differences"]
    check_curves(title(incidence(tables["curves"], *three)), tables, "local_recurrence", "local recurrence")
    check_curves(title(survival(tables["curves"], *three)), tables, "overall_survival", "overall survival")
    check_mechanisms(title(incidence_by_mechanism(tables["curves"], *three)), tables)
    check_averted(title(averted_by_mechanism(tables["averted"])), tables, "mechanism")
    check_averted(title(averted_by_compartment(tables["averted"])), tables, "compartment")
    check_pelvis(title(pelvis(*three)), tables)
    check_pelvis_change(title(pelvis_change(tables["averted"])), tables)
    check_flow(title(flow(tables["flow"], *three)), tables)
    check_icons(title(icon_array(*three)), tables)
    check_price(title(averted_and_harmed(tables["averted"], tables["harmed"])), tables)


SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}


@given(tables=runs())
@settings(max_examples=2, **SLOW)
def test_every_title_is_borne_out_by_its_table(tables):
    check_every_title(tables)


@pytest.mark.long
@given(tables=runs())
@settings(max_examples=300, **SLOW)
def test_every_title_of_many_runs_is_borne_out_by_its_table(tables):
    check_every_title(tables)


def pairs(nets, total, spread=0.1):
    """Return ``averted.csv`` of one policy with these nets by compartment, narrow intervals about them."""
    rows = []
    for name, net in {"all": total, **nets}.items():
        row = {"policy": "short_course", "comparator": "tme_alone", "mechanism": "all", "compartment": name}
        row |= {
            "horizon_years": 5.0,
            "n": 1000,
            "net": net,
            "net_low": net - spread,
            "net_high": net + spread,
        }
        for part, value in (("averted", max(net, 0.0)), ("caused", max(-net, 0.0))):
            row |= {part: value, f"{part}_low": value, f"{part}_high": value}
        rows.append(row)
    return pd.DataFrame(rows)


SIDES = {"central": 10.4, "anterior": 0.0, "posterior": 0.0, "perineal": 0.0, "peritoneal": 0.0}


@pytest.mark.parametrize(
    ("nets", "ends"),
    [
        (SIDES | {"lateral_left": 5.5, "lateral_right": 5.5}, "11.0 of them on the side walls"),
        (SIDES | {"lateral_left": 5.2, "lateral_right": 5.2}, "within 5 years"),  # as many as in the middle
        (
            SIDES | {"central": -0.2, "lateral_left": 5.5, "lateral_right": 5.5},
            "10.8 local recurrences per 1,000 patients within 5 years, net: 11.0 fewer on the side walls, "
            "some more elsewhere",
        ),
    ],
    ids=["two sides are one place", "a tie", "a part larger than the whole"],
)
def test_parts_and_ties_are_not_singled_out(nets, ends):
    table = pairs(nets, sum(nets.values()))
    said = title(averted_by_compartment(table))
    assert said.endswith(ends)


def test_the_title_of_the_pelvis_takes_the_two_sides_as_one_place():
    nets = SIDES | {"lateral_left": 6.9, "lateral_right": 6.8}
    said = title(pelvis_change(pairs(nets, 24.1)))
    assert said.endswith("in 2 of 6 places beyond simulated luck, most on the side walls: 13.7 per 1,000 "
                         "patients within 5 years")  # fmt: skip
    nets = SIDES | {"lateral_left": 5.2, "lateral_right": 5.2}
    said = title(pelvis_change(pairs(nets, 20.8)))
    assert "most in the central compartment and on the side walls: 10.4 per 1,000" in said
    assert said.endswith(" each")
