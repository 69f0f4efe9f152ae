// SPDX-License-Identifier: Apache-2.0
// The page of a review by keyboard: move through lines of evidence, ask for a change of one, answer.
(() => {
  'use strict';
  const lines = () => [...document.querySelectorAll('[data-evidence]')].filter(each => each.offsetParent);
  if (!document.querySelector('[data-evidence]')) return;
  let last = null;
  document.addEventListener('focusin', event => {
    const line = event.target.closest('[data-evidence]');
    if (line) last = line;
  });
  const write = (form, line) => {
    const section = document.getElementById(form);
    if (!section) return false;
    const field = section.querySelector('input[name="line"], input[name="evidence"]');
    field.value = line;
    const shown = section.querySelector('[data-line-shown]');
    if (shown) shown.textContent = line;
    section.querySelector('textarea').focus();
    return true;
  };
  document.addEventListener('click', event => {
    const asked = event.target.closest('[data-line]');
    if (asked && write(asked.dataset.lineForm, asked.dataset.line)) { event.preventDefault(); return; }
    const judge = event.target.closest('[data-judge]');
    if (!judge) return;
    const what = judge.dataset.judge;
    if (what === 'ask' || what === 'talk') { write(what, last ? last.dataset.evidence : ''); return; }
    const choice = document.querySelector(`#sign input[name="answer"][value="${what}"]`);
    choice.checked = true;
    document.querySelector('#sign textarea[name="reason"]').focus();
  });
  document.addEventListener('keydown', event => {
    if (!['j', 'k'].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches('input, textarea, select, [contenteditable]')) return;
    const all = lines();
    const now = last ? all.indexOf(last) : -1;
    const next = all[Math.max(0, Math.min(all.length - 1, now + (event.key === 'j' ? 1 : -1)))];
    if (next) { event.preventDefault(); next.focus(); next.scrollIntoView({ block: 'center' }); }
  });
})();
