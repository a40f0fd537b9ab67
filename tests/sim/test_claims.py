"""The 17 claims of the model: each sets a lever to an extreme and sees the consequence, and its contrast."""

import numpy as np
import pytest
from helpers.counting import tally

from sim.counting.outcomes import Key
from sim.patient import (
    MECHANISM_OF_ROUTE,
    YEAR_DAYS,
    Cause,
    Compartment,
    LateralSite,
    Margin,
    Mechanism,
    Operation,
    Plane,
    Procedure,
    Quadrant,
    Route,
    Specialty,
    SpillPattern,
    TStage,
)

LATERAL_ROUTES = [Route.LATERAL_LEFT, Route.LATERAL_RIGHT]
EXFOLIATION_ROUTES = [Route.ANASTOMOTIC, Route.PERIANASTOMOTIC]
NO_LEAK = ("surgery.leak_probability=0", "surgery.occult_leak_probability=0")
# Enough salvage resections for a test: deposits are frequent, and every resectable one is operated.
MANY_SALVAGES = (
    "mesorectum.left_probability=[1,1,1]",
    "mesorectum.deposit_probability=[0.5,0.5,0.5]",
    "salvage.curative_probability=0.97",
    "salvage.abandoned_probability=0",
)


def resected(rows):
    return rows[np.isfinite(rows["operated_day"])]


def found(rows):
    return rows[np.isfinite(rows["recurrence_found_day"])]


def salvaged(rows):
    return rows[np.isfinite(rows["salvage_day"])]


def local_recurrence(rows, years):
    """Cumulative incidence with death competing: nobody is lost before the horizon, so a share."""
    return np.mean(rows["recurrence_found_day"] <= years * YEAR_DAYS)


def cells(rows, *routes):
    return rows["cells_left"][:, list(routes)].astype(bool)


def size(masks):
    """How many compartments each mask holds."""
    return np.array([int(mask).bit_count() for mask in masks])


def holds(masks, *compartments):
    """Whether each mask holds any of the compartments."""
    return (masks & sum(1 << place for place in compartments)) > 0


def alive_after(rows, years):
    """Share alive some years after the salvage resection; all were operated early enough to know."""
    early = rows[rows["salvage_day"] <= (10 - years) * YEAR_DAYS]
    assert len(early) > 50
    return np.mean(early["death_day"] > early["salvage_day"] + years * YEAR_DAYS)


# Claim 1


@pytest.mark.parametrize(
    ("policy", "published"), [("tme_alone", 0.109), ("short_course+for_everyone", 0.056)]
)
def test_claim_1_the_arms_of_the_dutch_trial_recur_as_published(simulated, policy, published):
    """Claim 1: TME with preoperative radiotherapy brought local recurrence to 5-10 %."""
    rows = simulated("cohort=dutch_tme", policy=policy, patients=20_000)
    assert local_recurrence(rows, 5) == pytest.approx(published, abs=0.02)


def test_claim_1_without_the_right_plane_local_recurrence_is_high(simulated):
    """Claim 1: the excision itself matters; along the muscularis recurrence is well above 10 %."""
    tme = simulated("cohort=dutch_tme", policy="tme_alone", patients=20_000)
    muscularis = simulated("cohort=dutch_tme", "cohort.plane_shares=[0,0,1]")
    perfect = simulated("cohort=dutch_tme", "cohort.plane_shares=[1,0,0]")
    assert local_recurrence(perfect, 5) < local_recurrence(tme, 5) < local_recurrence(muscularis, 5)
    assert local_recurrence(muscularis, 5) > 1.4 * local_recurrence(perfect, 5)


# Claim 2


def test_claim_2_wide_margins_leave_no_cells(simulated):
    """Claim 2: an irradical resection leaves cells at the circumferential or the distal margin."""
    wide = simulated(
        "cohort.fascia_distance_median_mm=[200,200,200,200,200,200]",
        "surgery.distal_margin_median_mm=2000",
        "surgery.distal_margin_low_median_mm=2000",
        # In a body that has room for them.
        "anatomy.mesorectum_mm=[200,200,200,200]",
        "cohort.height_shares=[0,0,1]",
    )
    assert resected(wide)["crm_mm"].min() > 1
    assert not cells(wide, Route.CIRCUMFERENTIAL, Route.DISTAL).any()
    assert not np.isin(wide["recurrence_route"], [Route.CIRCUMFERENTIAL, Route.DISTAL]).any()
    usual = simulated()
    assert (usual["recurrence_route"] == Route.CIRCUMFERENTIAL).any()
    assert (usual["recurrence_route"] == Route.DISTAL).any()


def test_claim_2_margins_of_nothing_leave_cells_in_everyone(simulated):
    """Claim 2: each margin of 0 mm leaves cells, the distal one where a rectum was stapled."""
    rows = resected(
        simulated(
            "cohort.fascia_distance_median_mm=[0,0,0,0,0,0]",
            "surgery.distal_margin_median_mm=0",
            "surgery.distal_margin_low_median_mm=0",
        )
    )
    assert rows["crm_involved"].all()
    assert cells(rows, Route.CIRCUMFERENTIAL).all()
    stapled = rows["operation"] != Operation.ABDOMINOPERINEAL_RESECTION
    assert np.array_equal(cells(rows, Route.DISTAL)[:, 0], stapled)
    assert 0 < stapled.mean() < 1


def test_claim_2_an_involved_margin_recurs_more_often_than_a_clear_one(simulated):
    """Claim 2: among usual patients the pathologist's margin of 1 mm or less predicts who recurs."""
    rows = resected(simulated(patients=20_000))
    involved = rows["crm_involved"]
    assert local_recurrence(rows[involved], 5) > 1.5 * local_recurrence(rows[~involved], 5)


# Claim 3


def test_claim_3_no_mesorectum_left_no_mesorectal_seed(simulated):
    """Claim 3: the mesorectum incompletely resected."""
    none_left = simulated("mesorectum.left_probability=[0,0,0]")
    assert not cells(none_left, Route.MESORECTUM).any()
    assert (simulated()["recurrence_route"] == Route.MESORECTUM).any()
    no_deposit = simulated("mesorectum.deposit_probability=[0,0,0]")
    assert not cells(no_deposit, Route.MESORECTUM).any()
    full = simulated("mesorectum.left_probability=[1,1,1]", "mesorectum.deposit_probability=[1,1,1]")
    assert cells(resected(full), Route.MESORECTUM).all()


def test_claim_3_the_worse_the_plane_the_more_is_left(simulated):
    """Claim 3: deposits left rise from the mesorectal plane to the muscularis."""
    rows = resected(simulated("mesorectum.deposit_probability=[1,1,1]"))
    left = [cells(rows[rows["plane"] == plane], Route.MESORECTUM).mean() for plane in Plane]
    assert left[Plane.MESORECTAL] < left[Plane.INTRAMESORECTAL] < left[Plane.MUSCULARIS]
    good = resected(simulated("cohort.plane_shares=[1,0,0]", "mesorectum.left_probability=[0,1,1]"))
    assert (good["plane"] == Plane.MESORECTAL).all()
    assert not cells(good, Route.MESORECTUM).any()


# Claim 4


def test_claim_4_no_involved_lateral_nodes_no_lateral_seed(simulated):
    """Claim 4: positive nodes in the lateral fossae are what seeds the side wall."""
    none = simulated("lateral_node.involved_probability=[0,0,0]")
    assert not none["lateral_involved"].any()
    assert not cells(none, *LATERAL_ROUTES).any()
    usual = simulated(patients=20_000)
    for side, route in enumerate(LATERAL_ROUTES):
        assert (usual["recurrence_route"] == route).any()
        assert usual["lateral_involved"][cells(usual, route)[:, 0], side].all()


def test_claim_4_a_node_seeds_its_own_side_and_lies_in_one_of_two_fossae(simulated):
    """Claim 4: by site and by side."""
    rows = simulated("lateral_node.involved_probability=[1,1,1]")
    assert rows["lateral_involved"].all()
    assert cells(resected(rows), *LATERAL_ROUTES).all()
    for route, place in (
        (Route.LATERAL_LEFT, Compartment.LATERAL_LEFT),
        (Route.LATERAL_RIGHT, Compartment.LATERAL_RIGHT),
    ):
        grown = rows["survived"][:, route] > 0
        assert grown.any()
        assert (rows["seed_compartment"][grown, route] == place).all()
    assert set(np.unique(rows["lateral_site"])) == {LateralSite.OBTURATOR, LateralSite.INTERNAL_ILIAC}
    obturator = simulated("lateral_node.obturator_share=1")
    assert (obturator["lateral_site"] == LateralSite.OBTURATOR).all()


def test_claim_4_low_advanced_tumours_have_lateral_nodes(simulated):
    """Claim 4: lateral spread belongs to the low tumour."""
    rows = simulated(patients=20_000)
    low = rows["height_above_verge_cm"] <= 8
    advanced = rows["ct"] >= TStage.T3AB
    involved = rows["lateral_involved"].any(axis=1)
    assert involved[low & advanced].mean() > 2 * involved[~low & advanced].mean()
    assert involved[low & advanced].mean() > involved[low & ~advanced].mean()


# Claims 5 and 6

ADVANCED = ("cohort.ct_shares=[0,0,0.6,0.3,0,0.1]", "lateral_node.involved_probability=[0.5,0.5,0.5]")


def test_claim_5_chemoradiotherapy_sterilises_most_involved_nodes(simulated):
    """Claim 5: most are, by the short course too; without irradiation, or where it kills nothing, none is."""
    sterilised = {}
    for policy in ("chemoradiotherapy", "short_course"):
        rows = simulated(*ADVANCED, policy=policy, patients=10_000)
        treated = resected(rows[rows["irradiated"]])
        involved = treated["lateral_involved"] > 0
        sterilised[policy] = treated["lateral_sterilised"][involved].mean()
        assert not treated["lateral_sterilised"][~involved].any()
    assert sterilised["chemoradiotherapy"] >= sterilised["short_course"] > 0.5
    assert not simulated(*ADVANCED)["lateral_sterilised"].any()
    powerless = simulated(*ADVANCED, "lateral_node.sterilised_probability=0", policy="chemoradiotherapy")
    assert not powerless["lateral_sterilised"].any()


def test_claim_5_sterilised_nodes_do_not_seed(simulated):
    """Claim 5: chemoradiotherapy that kills every node ends lateral seeds."""
    perfect = simulated(*ADVANCED, "lateral_node.sterilised_probability=1", policy="chemoradiotherapy")
    assert not cells(perfect, *LATERAL_ROUTES).any()
    usual = simulated(*ADVANCED, policy="chemoradiotherapy")
    assert not (cells(usual, *LATERAL_ROUTES) & (usual["lateral_sterilised"] > 0)).any()
    assert cells(usual, *LATERAL_ROUTES).any()


@pytest.mark.parametrize("policy", ["chemoradiotherapy", "short_course"])
def test_claim_5_few_of_the_large_nodes_are_sterilised(simulated, policy):
    """Claim 5: sterilisation depends on size, unless the lever of size is taken away."""

    def by_size(*overrides):
        rows = resected(simulated(*ADVANCED, *overrides, policy=policy, patients=10_000))
        nodes = (rows["lateral_involved"] > 0) & rows["irradiated"][:, None]
        large = nodes & (rows["lateral_size_mm"] >= 10)
        small = nodes & (rows["lateral_size_mm"] < 5)
        return rows["lateral_sterilised"][small].mean(), rows["lateral_sterilised"][large].mean()

    small, large = by_size()
    assert large < 0.35 and small > 0.65
    same = by_size("lateral_node.sterilised_log_odds_per_log_mm=0")
    assert same[0] == pytest.approx(same[1], abs=0.08)


def test_claim_6_a_substantial_part_is_not_sterilised_and_stays_large(simulated):
    """Claim 6: a good part of the involved nodes survives, and is larger on restaging than the rest."""
    rows = simulated(*ADVANCED, policy="chemoradiotherapy")
    rows = resected(rows[rows["irradiated"]])
    involved = rows["lateral_involved"] > 0
    residual = involved & (rows["lateral_sterilised"] == 0)
    assert residual.sum() > 0.2 * involved.sum()
    seen = involved & (rows["lateral_mm"] > 0)
    ratio = rows["lateral_residual_mm"][seen] / rows["lateral_mm"][seen]
    alive = residual[seen]
    assert np.median(ratio[alive]) > 1.5 * np.median(ratio[~alive])


def test_claim_6_dissection_of_every_involved_node_leaves_no_lateral_seed(simulated):
    """Claim 6: dissection takes what irradiation leaves; routine in every advanced tumour, missing none."""
    everyone = (*ADVANCED, "lateral_node.low_up_to_cm=15", "lateral_node.missed_probability=0")
    dissected = simulated(*everyone, policy="chemoradiotherapy+lateral_routine")
    planned = dissected[~dissected["emergency"]]
    assert resected(planned)["dissected"].all()
    assert not cells(planned, *LATERAL_ROUTES).any()
    kept = simulated(*everyone, policy="chemoradiotherapy")
    assert cells(kept, *LATERAL_ROUTES).any()
    assert local_recurrence(dissected, 5) < local_recurrence(kept, 5)
    missed = simulated(
        *ADVANCED,
        "lateral_node.low_up_to_cm=15",
        "lateral_node.missed_probability=1",
        policy="chemoradiotherapy+lateral_routine",
    )
    assert np.array_equal(cells(missed, *LATERAL_ROUTES), cells(kept, *LATERAL_ROUTES))


def test_claim_6_selective_dissection_lowers_side_wall_recurrence(simulated):
    """Claim 6: under the usual numbers too, and it leaves the other routes' cells as they were."""
    kept = simulated(policy="chemoradiotherapy", patients=10_000)
    selective = simulated(policy="chemoradiotherapy+lateral_after_5mm", patients=10_000)
    sidewall = [np.isin(found(rows)["recurrence_route"], LATERAL_ROUTES).sum() for rows in (kept, selective)]
    assert sidewall[1] < 0.75 * sidewall[0]
    others = [route for route in Route if route not in LATERAL_ROUTES]
    assert np.array_equal(cells(kept, *others), cells(selective, *others))


# Claims 7 and 8


def test_claim_7_perfect_washout_leaves_no_cells_in_the_lumen(simulated):
    """Claim 7: cells are shed into the lumen, and washout clears them."""
    perfect = simulated("exfoliation.washout_clears_probability=1", policy="washout_always")
    assert not perfect["luminal_cells"].any()
    assert not cells(perfect, *EXFOLIATION_ROUTES).any()
    never = simulated(policy="washout_never")
    usual = simulated()
    assert never["luminal_cells"].sum() > usual["luminal_cells"].sum() > 0
    assert cells(never, *EXFOLIATION_ROUTES).any()
    assert not resected(never)["washed_out"].any()


def test_claim_7_no_shedding_no_exfoliation(simulated):
    """Claim 7: without cells in the lumen neither route is seeded; every route's cells were in the lumen."""
    none = simulated("exfoliation.luminal_cells_probability=[0,0,0,0,0,0]")
    assert not cells(none, *EXFOLIATION_ROUTES).any()
    usual = simulated(patients=20_000)
    carried = cells(usual, *EXFOLIATION_ROUTES).any(axis=1)
    assert carried.any()
    assert usual["luminal_cells"][carried].all()


def test_claim_7_preoperative_treatment_lowers_the_cells_in_the_lumen(simulated):
    """Claim 7: fewer viable cells after chemoradiotherapy."""
    alone = resected(simulated(policy="washout_never"))
    treated = resected(simulated(policy="chemoradiotherapy+for_everyone+washout_never"))
    assert treated["luminal_cells"].mean() < 0.7 * alone["luminal_cells"].mean()


def test_claim_8_without_leaks_there_is_no_perianastomotic_route(simulated):
    """Claim 8: migration into an abscess needs a leak; entrapment in the staple line does not."""
    dry = simulated(*NO_LEAK, policy="washout_never")
    assert not dry["abscess"].any()
    assert not cells(dry, Route.PERIANASTOMOTIC).any()
    assert cells(dry, Route.ANASTOMOTIC).any()
    usual = simulated(policy="washout_never")
    perianastomotic = cells(usual, Route.PERIANASTOMOTIC)[:, 0]
    assert perianastomotic.any()
    assert usual["abscess"][perianastomotic].all()


def test_claim_8_a_leak_without_an_abscess_carries_nothing(simulated):
    """Claim 8: it is the abscess that draws the cells in."""
    rows = simulated("surgery.leak_probability=1", "surgery.abscess_after_leak_probability=0")
    assert resected(rows)["leaked"].sum() > 100
    assert not cells(rows, Route.PERIANASTOMOTIC).any()
    sealed = simulated(
        "surgery.leak_probability=1",
        "surgery.abscess_after_leak_probability=1",
        "exfoliation.carried_probability=1",
        policy="washout_never",
    )
    expected = sealed["anastomosis"] & sealed["luminal_cells"]
    assert np.array_equal(cells(sealed, Route.PERIANASTOMOTIC)[:, 0], expected)


def test_claim_8_without_entrapment_there_is_no_anastomotic_route(simulated):
    """Claim 8: the staple line must catch cells; the abscess route stays open."""
    rows = simulated("exfoliation.caught_probability=0", policy="washout_never")
    assert not cells(rows, Route.ANASTOMOTIC).any()
    assert cells(rows, Route.PERIANASTOMOTIC).any()


def test_claim_8_without_an_anastomosis_neither_route_exists(simulated):
    """Claim 8: an abdominoperineal resection for everyone ends recurrence by exfoliation."""
    rows = simulated("surgery.leak_probability=1", policy="abdominoperineal_resection")
    assert not rows["anastomosis"].any()
    assert not rows["leaked"].any()
    assert not cells(rows, *EXFOLIATION_ROUTES).any()


# Claims 9 and 10

NO_T4A = "cohort.ct_shares=[0.06,0.24,0.42,0.17,0,0.11]"
ALL_SPILL = ("surgery.perforation_probability=1", "spillage.perforation_spill_probability=1", NO_T4A)


def test_claim_9_without_breach_and_perforation_nothing_is_spilled(simulated):
    """Claim 9: tumour through the peritoneum, or improper handling; either is enough, neither is nothing."""
    closed = simulated(NO_T4A, "surgery.perforation_probability=0")
    assert not cells(closed, Route.SPILLAGE).any()
    assert not (closed["spill_pattern"] != SpillPattern.NONE).any()
    handling = simulated(NO_T4A)
    assert cells(handling, Route.SPILLAGE).any()
    assert handling["perforated"][cells(handling, Route.SPILLAGE)[:, 0]].all()
    breach = simulated("surgery.perforation_probability=0")
    assert cells(breach, Route.SPILLAGE).any()
    assert breach["breached"][cells(breach, Route.SPILLAGE)[:, 0]].all()
    assert (breach["ct"][breach["breached"]] == TStage.T4A).all()


def test_claim_9_every_perforation_can_spill(simulated):
    """Claim 9: perforation of every specimen spills in everyone, and makes recurrence frequent."""
    torn = simulated(*ALL_SPILL)
    assert resected(torn)["perforated"].all()
    assert cells(resected(torn), Route.SPILLAGE).all()
    assert local_recurrence(torn, 5) > local_recurrence(simulated(), 5) + 0.05


def test_claim_9_t4a_lies_above_the_peritoneal_reflection(simulated):
    """Claim 9: only a tumour that reaches the peritoneum breaks through it."""
    rows = simulated("cohort.ct_shares=[0,0,0,0,1,0]")
    assert (rows["height_above_verge_cm"] >= 8).all()
    assert resected(rows)["breached"].all()


@pytest.mark.parametrize(
    ("share", "patterns"),
    [
        ("[1,0,0]", {SpillPattern.FOCAL}),
        ("[0,1,0]", {SpillPattern.MULTIFOCAL}),
        ("[0,0,1]", {SpillPattern.CARCINOMATOSIS}),
    ],
)
def test_claim_10_spilled_cells_take_the_pattern_that_the_shares_give(simulated, share, patterns):
    """Claim 10: focal, multifocal or pelvic carcinomatosis, each with compartments of its own."""
    rows = simulated(*ALL_SPILL, *NO_LEAK, f"spillage.perforation_pattern_shares={share}")
    assert set(resected(rows)["spill_pattern"]) == patterns
    grown = rows["survived"][:, Route.SPILLAGE] > 0
    assert grown.sum() > 100
    masks = rows["seed_compartments"][grown, Route.SPILLAGE]
    first = rows["seed_compartment"][grown, Route.SPILLAGE]
    if SpillPattern.FOCAL in patterns:
        assert (size(masks) == 1).any()
    if SpillPattern.MULTIFOCAL in patterns:
        assert (size(masks) >= 3).all()
    carcinomatosis = SpillPattern.CARCINOMATOSIS in patterns
    assert (first == Compartment.PERITONEAL).all() == carcinomatosis


def test_claim_10_an_abscess_draws_spilled_cells_along_its_lining(simulated):
    """Claim 10: with an abscess the pattern follows it, into the presacral space and on."""
    rows = simulated(
        *ALL_SPILL,
        "surgery.leak_probability=1",
        "surgery.abscess_after_leak_probability=1",
        "spillage.perforation_pattern_shares=[1,0,0]",
    )
    abscess = resected(rows)["abscess"]
    along = resected(rows)["spill_pattern"] == SpillPattern.ALONG_ABSCESS
    assert np.array_equal(along, abscess)
    assert 0 < abscess.mean() < 1
    grown = (rows["survived"][:, Route.SPILLAGE] > 0) & rows["abscess"]
    assert grown.sum() > 50
    assert (rows["seed_compartment"][grown, Route.SPILLAGE] == Compartment.POSTERIOR).all()
    assert (size(rows["seed_compartments"][grown, Route.SPILLAGE]) >= 2).all()


def test_claim_10_carcinomatosis_is_never_resected(simulated):
    """Claim 10: each pattern has its own resectability."""
    many = (*ALL_SPILL, *NO_LEAK, "salvage.curative_probability=1", "spillage.take_probability=1")

    def of_spillage(share):
        rows = found(simulated(*many, f"spillage.perforation_pattern_shares={share}"))
        return rows[rows["recurrence_route"] == Route.SPILLAGE]

    spread = of_spillage("[0,0,1]")
    assert len(spread) > 100
    assert spread["unresectable"].all()
    assert not len(salvaged(spread))
    assert len(salvaged(of_spillage("[1,0,0]"))) > 50


# Claim 11


def test_claim_11_exfoliation_is_rarely_limited_to_the_anastomosis(simulated):
    """Claim 11: the bulk lies around the anastomosis; the share is reported, and the lever can turn it."""
    rows = found(simulated(patients=20_000))
    exfoliated = rows[np.isin(rows["recurrence_route"], EXFOLIATION_ROUTES)]
    limited = np.mean(exfoliated["recurrence_compartments"] == 1 << Compartment.CENTRAL)
    assert len(exfoliated) > 200
    assert 0 < limited < 0.25
    key = Key("limited_to_anastomosis", mechanism="exfoliation")
    _, no, yes = tally(rows, (5.0,), 10.0).binary[key]
    assert yes / (no + yes) == limited

    contained = found(
        simulated(
            *NO_LEAK,
            "recurrence.extra_compartments_shares=[1,0,0,0]",
            "recurrence.progression_median_days=1e6",
            "exfoliation.caught_probability=1",
            policy="washout_never",
        )
    )
    alone = contained["survived"].sum(axis=1) == 1  # no other seed reached the recurrence
    alone &= contained["recurrence_route"] == Route.ANASTOMOTIC
    assert alone.sum() > 50
    assert (contained["recurrence_compartments"][alone] == 1 << Compartment.CENTRAL).all()


def test_claim_11_the_perianastomotic_route_always_lies_outside_the_bowel(simulated):
    """Claim 11: what an abscess carried is presacral, and never one compartment only."""
    rows = simulated("surgery.leak_probability=1", "surgery.abscess_after_leak_probability=1")
    grown = rows["survived"][:, Route.PERIANASTOMOTIC] > 0
    assert grown.sum() > 100
    masks = rows["seed_compartments"][grown, Route.PERIANASTOMOTIC]
    assert holds(masks, Compartment.POSTERIOR).all()
    assert (size(masks) >= 2).all()


# Claims 12 and 13


def all_with_margin(simulated, margin, *overrides):
    """The same recurrences, with one margin for all."""
    r0, r1 = {Margin.R0: (1, 0), Margin.R1: (0, 1), Margin.R2: (0, 0)}[margin]
    rows = simulated(
        *MANY_SALVAGES,
        f"salvage.r0_probability={r0}",
        f"salvage.r1_of_not_r0_share={r1}",
        *overrides,
    )
    assert (salvaged(rows)["salvage_margin"] == margin).all()
    return salvaged(rows)


def test_claim_12_survival_after_salvage_falls_from_r0_to_r2(simulated):
    """Claim 12: clear margins are the most important prognostic factor; the same patients, by margin."""
    groups = {margin: all_with_margin(simulated, margin) for margin in (Margin.R0, Margin.R1, Margin.R2)}
    assert np.array_equal(groups[Margin.R0]["number"], groups[Margin.R1]["number"])
    assert np.array_equal(groups[Margin.R0]["number"], groups[Margin.R2]["number"])
    for years in (3, 5):
        r0, r1, r2 = (alive_after(groups[margin], years) for margin in (Margin.R0, Margin.R1, Margin.R2))
        assert r0 > r1 + 0.1
        assert r1 > r2 + 0.05


def test_claim_12_among_usual_margins_survival_falls_too(simulated):
    """Claim 12: where the margin is as drawn, the groups still rank."""
    rows = salvaged(simulated(*MANY_SALVAGES, patients=6000))
    r0, r1, r2 = (alive_after(rows[rows["salvage_margin"] == margin], 3) for margin in list(Margin)[1:])
    assert r0 > r1 > r2


def test_claim_12_a_margin_without_consequences_would_not_matter(simulated):
    """Claim 12: the contrast; with R0's consequences R1 goes as R0, to the day."""
    same = ("salvage.rerecurrence_probability=[0.25,0.25,1]", "salvage.metastasis_probability=[0.2,0.2,0.45]")
    r0 = all_with_margin(simulated, Margin.R0, *same)
    r1 = all_with_margin(simulated, Margin.R1, *same)
    assert np.array_equal(r0["death_day"], r1["death_day"])


def test_claim_12_clear_margins_weigh_more_than_any_other_factor(simulated):
    """Claim 12: the step in survival by margin exceeds that by compartments, sex, fitness or irradiation."""
    rows = salvaged(simulated(*MANY_SALVAGES, patients=6000))
    clear = rows["salvage_margin"] == Margin.R0
    step = alive_after(rows[clear], 3) - alive_after(rows[~clear], 3)
    splits = (
        size(rows["recurrence_compartments"]) == 1,
        ~rows["female"],
        ~rows["unfit"],
        rows["cn"] == 0,
    )
    for split in splits:
        assert step > alive_after(rows[split], 3) - alive_after(rows[~split], 3)


def test_claim_13_a_margin_that_is_not_clear_is_a_failure_and_is_reported(simulated):
    """Claim 13: after R2 the cancer is still there and kills; the margins are outcomes of their own."""
    r2 = all_with_margin(simulated, Margin.R2)
    died = r2[np.isfinite(r2["death_day"])]
    assert np.mean(died["death_cause"] == Cause.CANCER) > 0.8
    assert np.mean(np.isfinite(r2["death_day"]) | (r2["salvage_day"] > 7 * YEAR_DAYS)) > 0.95

    r0, r1 = (all_with_margin(simulated, margin) for margin in (Margin.R0, Margin.R1))
    assert np.isfinite(r1["rerecurrence_day"]).mean() > 1.5 * np.isfinite(r0["rerecurrence_day"]).mean()

    rows = simulated(*MANY_SALVAGES, patients=6000)
    counts = tally(rows, (5.0,), 10.0).binary
    for margin in (Margin.R0, Margin.R1, Margin.R2):
        _, no, yes = counts[Key(margin.name.lower())]
        assert yes == (rows["salvage_margin"] == margin).sum() > 0
        assert no + yes == len(salvaged(rows))


# Claims 14 and 15


def test_claim_14_recurrences_lie_in_all_seven_compartments(simulated):
    """Claim 14: the pelvis is compartments; none is a dead letter, and the mechanism does not say which."""
    rows = simulated(patients=20_000)
    seeds = rows["survived"] > 0
    assert set(rows["seed_compartment"][seeds]) == set(Compartment)
    own = 1 << rows["seed_compartment"][seeds]
    assert (rows["seed_compartments"][seeds] & own == own).all()
    mechanism = MECHANISM_OF_ROUTE[np.nonzero(seeds)[1]]
    for cause in (Mechanism.MARGIN, Mechanism.MESORECTUM, Mechanism.SPILLAGE):
        assert len(set(rows["seed_compartment"][seeds][mechanism == cause])) > 1


@pytest.mark.parametrize(
    ("quadrant", "place"),
    [
        (Quadrant.ANTERIOR, Compartment.ANTERIOR),
        (Quadrant.POSTERIOR, Compartment.POSTERIOR),
        (Quadrant.LEFT, Compartment.LATERAL_LEFT),
        (Quadrant.RIGHT, Compartment.LATERAL_RIGHT),
    ],
)
def test_claim_14_the_quadrant_of_the_tumour_gives_the_compartment_of_its_margin(simulated, quadrant, place):
    """Claim 14: a close margin in front grows in front; after the perineal phase also below."""
    share = [float(quadrant == other) for other in Quadrant]
    rows = simulated(
        f"cohort.quadrant_shares={share}",
        "cohort.fascia_distance_median_mm=[0,0,0,0,0,0]",
        "margin.circumferential_take_probability=1",
    )
    grown = rows["survived"][:, Route.CIRCUMFERENTIAL] > 0
    perineal_phase = rows["operation"] == Operation.ABDOMINOPERINEAL_RESECTION
    places = rows["seed_compartment"][:, Route.CIRCUMFERENTIAL]
    assert set(places[grown & ~perineal_phase]) == {place}
    assert set(places[grown & perineal_phase]) == {place, Compartment.PERINEAL}


def test_claim_15_even_a_solitary_recurrence_mostly_involves_several_compartments(simulated):
    """Claim 15: one seed, several compartments, when it is found and already at its onset."""
    rows = found(simulated(patients=20_000))
    solitary = rows[rows["survived"].sum(axis=1) == 1]
    assert len(solitary) > 500
    assert np.mean(size(solitary["recurrence_compartments"]) > 1) > 0.5
    at_onset = solitary["seed_compartments"][np.arange(len(solitary)), solitary["recurrence_route"]]
    assert np.mean(size(at_onset) > 1) > 0.5


def test_claim_15_with_borders_intact_a_solitary_recurrence_stays_in_one_compartment(simulated):
    """Claim 15: the contrast; and growth alone then carries it further."""
    borders = "recurrence.extra_compartments_shares=[1,0,0,0]"
    still = found(simulated(borders, *NO_LEAK, NO_T4A, "recurrence.progression_median_days=1e6"))
    still = still[(still["survived"].sum(axis=1) == 1) & (still["recurrence_route"] != Route.SPILLAGE)]
    assert len(still) > 100
    assert (size(still["recurrence_compartments"]) == 1).all()
    growing = found(simulated(borders, *NO_LEAK, NO_T4A, "recurrence.progression_median_days=1"))
    growing = growing[growing["survived"].sum(axis=1) == 1]
    assert np.mean(size(growing["recurrence_compartments"]) > 1) > 0.9


# Claims 16 and 17


def test_claim_16_the_procedure_follows_from_the_compartments(simulated):
    """Claim 16: exenteration in front, bone behind, nerves and vessels at the side."""
    rows = salvaged(simulated(*MANY_SALVAGES, patients=6000))
    masks = rows["recurrence_compartments"]
    operation = rows["salvage_procedure"]
    several = size(masks) > 1
    assert set(operation) == set(Procedure) - {Procedure.NONE}
    assert (operation[holds(masks, Compartment.POSTERIOR) & several] == Procedure.ABDOMINOSACRAL).all()
    front = holds(masks, Compartment.ANTERIOR) & ~holds(masks, Compartment.POSTERIOR)
    assert (operation[front] == Procedure.EXENTERATION).all()
    assert holds(
        masks[operation == Procedure.SIDEWALL], Compartment.LATERAL_LEFT, Compartment.LATERAL_RIGHT
    ).all()
    assert (operation[masks == 1 << Compartment.CENTRAL] == Procedure.CENTRAL_RESECTION).all()


def test_claim_16_extended_procedures_are_frequent_because_borders_are_gone(simulated):
    """Claim 16: often an exenteration or bone; with borders intact and central disease, never."""
    extended = [Procedure.EXENTERATION, Procedure.ABDOMINOSACRAL, Procedure.SIDEWALL]
    usual = salvaged(simulated(patients=20_000))
    assert np.mean(np.isin(usual["salvage_procedure"], extended)) > 0.5
    central = salvaged(
        simulated(
            *MANY_SALVAGES,
            *NO_LEAK,
            "recurrence.extra_compartments_shares=[1,0,0,0]",
            "mesorectum.presacral_share=0",
        )
    )
    solitary = central["survived"].sum(axis=1) == 1
    central = central[solitary & (central["recurrence_route"] == Route.MESORECTUM)]
    assert len(central) > 50
    assert (central["salvage_procedure"] == Procedure.CENTRAL_RESECTION).all()


def test_claim_16_extent_drives_margin_harm_and_theatre_time(simulated):
    """Claim 16: more compartments, fewer clear margins; larger procedures, more harm and theatre time."""
    rows = salvaged(simulated(*MANY_SALVAGES, patients=6000))
    extent = size(rows["recurrence_compartments"])
    clear = rows["salvage_margin"] == Margin.R0
    assert clear[extent == 1].mean() > clear[extent >= 3].mean() + 0.05
    sacral = rows["salvage_procedure"] == Procedure.ABDOMINOSACRAL
    central = rows["salvage_procedure"] == Procedure.CENTRAL_RESECTION
    assert rows["salvage_complication"][sacral].mean() > rows["salvage_complication"][central].mean()
    assert rows["theatre_minutes"][sacral].mean() > rows["theatre_minutes"][central].mean() + 100


def test_claim_17_extended_procedures_need_several_specialties(simulated):
    """Claim 17: en-bloc resection and reconstruction need teams together; a central resection does not."""
    rows = salvaged(simulated(*MANY_SALVAGES, patients=6000))
    teams = rows["salvage_specialties"]
    operation = rows["salvage_procedure"]
    assert holds(teams, Specialty.COLORECTAL).all()
    assert (size(teams)[operation == Procedure.CENTRAL_RESECTION] == 1).all()
    assert (size(teams)[operation != Procedure.CENTRAL_RESECTION] > 1).all()
    sacral = operation == Procedure.ABDOMINOSACRAL
    assert holds(teams[sacral], Specialty.ORTHOPAEDIC).all()
    assert not holds(teams[~sacral], Specialty.ORTHOPAEDIC).any()
    assert holds(teams[operation == Procedure.SIDEWALL], Specialty.VASCULAR).all()
    front = holds(rows["recurrence_compartments"], Compartment.ANTERIOR)
    assert holds(teams[front], Specialty.UROLOGY).all()
    assert np.array_equal(holds(teams, Specialty.GYNAECOLOGY), front & rows["female"])


def test_claim_17_most_salvage_resections_seize_several_teams(simulated):
    """Claim 17: under the usual numbers too."""
    rows = salvaged(simulated(patients=20_000))
    assert np.mean(size(rows["salvage_specialties"]) > 1) > 0.5
