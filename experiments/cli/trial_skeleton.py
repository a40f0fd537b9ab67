"""A trial's file to start from, with something of every part that it may have; docs/trials.md explains it."""

SKELETON = """\
title: My trial, 2001-2005
set: validation                  # or calibration, for lrrc calibrate to fit
source: Author A, Journal 2008
cohort: {base: dutch_tme, age_mean_years: 63}        # a shipped cohort, and what differs
eligibility:                     # on what is known at diagnosis; all must hold
  - t_category >= 2 or cn > 0
  - height_above_anorectal_junction_cm <= 9
arms:                            # name: policy, or a policy with other levers, or a mix
  surgery: tme_alone
  preoperative: {base: short_course+for_everyone, washout: always}
  registry:
    mix:
      - {share: 0.7, policy: tme_alone}
      - {share: 0.3, policy: {base: chemoradiotherapy+for_everyone, washout: never}}
follow_up_years: 10
time_from: diagnosis             # or surgery, recurrence, salvage, organ_kept, regrowth
estimator: kaplan_meier          # or cumulative_incidence (the default), or crude
subgroups:                       # conditions that several endpoints name
  involved: crm_mm <= 1
endpoints:                       # published: a proportion, a ratio, months or years; n, or low and high
  - {evidence: mine.lr, arm: surgery, outcome: local_recurrence, horizon_years: 5, published: 0.11, n: 240}
  - {evidence: mine.lr.involved, arm: surgery, subgroup: involved, outcome: local_recurrence,
     horizon_years: 5, published: 0.21, low: 0.12, high: 0.33}
  - {evidence: mine.lr.hr, arm: preoperative, against: surgery, ratio: hazard_ratio,
     outcome: local_recurrence, horizon_years: 5, published: 0.45, low: 0.25, high: 0.8}
  - {evidence: mine.odds, arm: surgery, subgroup: involved, against_subgroup: not involved, ratio: odds_ratio,
     outcome: share, of: recurred, published: 2.4, low: 1.2, high: 4.8}
  - {evidence: mine.median, arm: surgery, subgroup: recurred, time_from: recurrence,
     outcome: median_survival, published: 16, low: 12, high: 21}
  - {evidence: mine.gained, arm: preoperative, against: surgery, ratio: difference, outcome: restricted_mean,
     horizon_years: 5, published: 0.05, low: -0.1, high: 0.2}
  - {evidence: mine.bare, arm: registry, outcome: share, of: irradiated, published: 0.35}  # no n: shown only
"""
