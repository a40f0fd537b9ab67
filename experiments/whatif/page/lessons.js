// Lessons: a prediction before the reveal.

function renderLessons() {}
