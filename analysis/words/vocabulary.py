"""The one vocabulary of events: what each is called, who sees it, and what can be said of a patient after it.

Journal, story and documents take their words from here. Rows are records of dtype ROW, before and after the
event. What nobody sees is included, and marked as hidden.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from analysis.words import sentences
from analysis.words.sentences import Row, Said
from sim.events import Event


class Words(NamedTuple):
    """What an event is called, whether it happens unseen, and what to say of the row after it."""

    label: str
    hidden: bool
    says: Callable[[Row, Row], Iterator[Said]]

    def sentences(self, before: Row, after: Row) -> list[Said]:
        """Return the sentences about the event, those that are hidden last."""
        return sorted(self.says(before, after), key=lambda said: said.hidden)


VOCABULARY = {
    Event.DIAGNOSIS: Words("diagnosis", False, sentences.diagnosis),
    Event.STAGING_MRI: Words("MRI", False, sentences.staging),
    Event.TEAM_MEETING: Words("team meeting", False, sentences.meeting),
    Event.NEOADJUVANT: Words("treatment before surgery", False, sentences.treatment),
    Event.RESTAGING_MRI: Words("MRI after treatment", False, sentences.restaging),
    Event.REASSESSMENT: Words("second look", False, sentences.reassessment),
    Event.LOCAL_EXCISION: Words("local excision", False, sentences.excision),
    Event.RESECTION: Words("operation", False, sentences.resection),
    Event.PATHOLOGY: Words("pathology", False, sentences.pathology),
    Event.POSTOPERATIVE_CHEMORADIOTHERAPY: Words(
        "chemoradiotherapy after surgery", False, sentences.chemoradiotherapy
    ),
    Event.VISIT: Words("visit", False, sentences.visit),
    Event.WATCH_VISIT: Words("visit with endoscopy", False, sentences.watch_visit),
    Event.REGROWTH_ONSET: Words("tumour grows again", True, sentences.regrowth_onset),
    Event.REGROWTH_SYMPTOMS: Words("symptoms of the regrowth", False, sentences.regrowth_symptoms),
    Event.RECURRENCE_ONSET: Words("recurrence grows", True, sentences.onset),
    Event.RECURRENCE_SYMPTOMS: Words("symptoms of the recurrence", False, sentences.symptoms),
    Event.RECURRENCE_PROGRESSION: Words("recurrence keeps growing", True, sentences.progression),
    Event.RECURRENCE_MEETING: Words("team meeting on the recurrence", False, sentences.recurrence_meeting),
    Event.SALVAGE_TREATMENT: Words("treatment before salvage surgery", False, sentences.preparation),
    Event.SALVAGE_RESECTION: Words("salvage operation", False, sentences.salvage),
    Event.RERECURRENCE: Words("recurrence returns", False, sentences.return_of_recurrence),
    Event.METASTASIS_ONSET: Words("metastases grow", True, sentences.metastasis),
    Event.METASTASIS_SYMPTOMS: Words("symptoms of metastases", False, sentences.metastasis_symptoms),
    Event.PRIMARY_PROGRESSION: Words("tumour grows", True, sentences.growth),
    Event.PRIMARY_EMERGENCY: Words("emergency", False, sentences.emergency),
    Event.METASTASIS_SEEDING: Words("tumour spreads", True, sentences.seeding),
    Event.REFUSAL: Words("refusal", False, sentences.refusal),
    Event.DEATH_OPERATIVE: Words("death", False, sentences.died("After the operation")),
    Event.DEATH_PRIMARY: Words("death", False, sentences.died("Of the tumour in the rectum")),
    Event.DEATH_RECURRENCE: Words("death", False, sentences.died("Of the recurrence")),
    Event.DEATH_METASTASIS: Words("death", False, sentences.died("Of metastases")),
    Event.DEATH_OTHER: Words("death", False, sentences.died("Of other causes")),
}

# Settings of levers that do not read as they are spelt.
SETTING = {
    "size_before": "by size before treatment",
    "size_after": "by size after treatment",
    "routine": "in every low advanced tumour",
    "involved_margin": "for an involved margin",
    "stage_ii_iii": "for stage II and III",
    "stage_iii": "for stage III",
    "complete": "for complete responses at the first look",
    "near_complete": "for complete and near-complete responses",
    "planned": "planned, for early tumours too",
    "primary": "in place of a resection",
    "after_treatment": "after treatment before surgery",
    "t1": "T1",
    "t2": "T2",
    "t3ab": "T3 (not deep)",
}

# The levers that a field of the row answers to at once, where two courses have been the same until then.
# ``agenda.X``: what is booked.
ANSWERS_TO: dict[str, tuple[str, ...]] = {
    "regimen": ("neoadjuvant", "neoadjuvant_for", "adherence"),
    "treatment_omitted": ("adherence",),
    "treatment_stopped": ("adherence",),
    "boosted": ("lateral_boost",),
    "contact_boosted": ("contact_boost",),
    "agenda.LOCAL_EXCISION": ("local_excision", "local_excision_up_to"),
    "agenda.WATCH_VISIT": ("organ_preservation", "follow_up"),
    "agenda.REASSESSMENT": ("organ_preservation",),
    "readings": ("organ_preservation", "local_excision"),
    "regrowth_found_by": ("follow_up",),
    "endoscopies": ("follow_up",),
    "operation": ("operation",),
    "dissected": ("lateral_dissection", "lateral_threshold_mm", "lateral_sides"),
    "washed_out": ("washout",),
    "diverting_stoma": ("diverting_stoma",),
    "plane": ("surgical_training", "centralisation"),
    "crm_mm": ("surgical_training", "centralisation"),
    "perforated": ("surgical_training", "centralisation"),
    "leaked": ("leak_prevention", "centralisation"),
    "abscess": ("leak_prevention", "centralisation"),
    "agenda.DEATH_OPERATIVE": ("centralisation",),
    "agenda.POSTOPERATIVE_CHEMORADIOTHERAPY": ("postoperative_chemoradiotherapy",),
    "adjuvant": ("adjuvant_chemotherapy",),
    "agenda.VISIT": ("follow_up",),
    "ct_scans": ("follow_up",),
    "mri_scans": ("follow_up",),
    "found_by": ("follow_up",),
    "metastasis_found_by": ("follow_up",),
    "expert_centre": ("recurrence_centre",),
    "salvage_induction": ("recurrence_induction_chemotherapy",),
    "salvage_irradiated": ("recurrence_reirradiation",),
}
