function openPatient() {}
