// SPDX-License-Identifier: Apache-2.0
// What makes pages quicker to use. Every page works without it.
(() => {
  'use strict';
  const root = document.documentElement;
  root.classList.add('scripted');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes('steelyard-zone=' + zone)) {
    document.cookie = 'steelyard-zone=' + zone + '; path=/; max-age=31536000; samesite=lax';
  }
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  document.addEventListener('click', event => {
    const at = selector => event.target.closest(selector);
    const menu = at('[data-menu]');
    if (menu) {
      const open = $('#menu').classList.toggle('open');
      menu.setAttribute('aria-expanded', String(open));
    }
    const gone = at('[data-dismiss]');
    if (gone) gone.closest('[data-toast]').remove();
    const copy = at('[data-copy]');
    if (copy && navigator.clipboard) {
      navigator.clipboard.writeText(copy.dataset.copy).then(() => {
        copy.classList.add('copied');
        setTimeout(() => copy.classList.remove('copied'), 1500);
      });
    }
    for (const drop of all('details[data-drop][open], details.explain[open]')) {
      if (!drop.contains(event.target)) drop.open = false;
    }
  });

  // Explanations open on hover too.
  for (const kind of ['mouseover', 'mouseout']) {
    document.addEventListener(kind, event => {
      const box = event.target.closest && event.target.closest('details.explain');
      if (box && !box.contains(event.relatedTarget)) box.open = kind === 'mouseover';
    });
  }

  // What cannot be taken back is asked for once more.
  document.addEventListener('submit', event => {
    const form = event.target;
    if (form.dataset.sure && !form.dataset.asked) {
      event.preventDefault();
      const dialog = $('#confirm');
      $('[data-confirm-text]', dialog).textContent = form.dataset.sure;
      dialog.showModal();
      dialog.addEventListener('close', () => {
        if (dialog.returnValue !== 'yes') return;
        form.dataset.asked = 'yes';
        form.requestSubmit(event.submitter);
      }, { once: true });
      return;
    }
    if (form.method === 'post' && event.submitter) {
      // After the browser has taken the form's data, so that the button's own value is sent.
      setTimeout(() => { event.submitter.setAttribute('aria-disabled', 'true'); });
    }
  });
  window.addEventListener('pageshow', () => {
    for (const button of all('button[aria-disabled]')) button.removeAttribute('aria-disabled');
  });

  const focus = $('[data-focus]') || $('[aria-invalid="true"]');
  if (focus) focus.focus();

  // Keys: Ctrl-K or / for the palette, ? for the list of keys, and what a page names in data-key.
  const typing = target => target.matches('input, textarea, select, [contenteditable]');
  const palette = $('#palette');
  const open = () => { if (palette && !palette.open) { palette.showModal(); $('input', palette).focus(); } };
  document.addEventListener('keydown', event => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') { event.preventDefault(); open(); return; }
    if (event.key === 'Escape') for (const drop of all('details[data-drop][open], details.explain[open]')) drop.open = false;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === '/') { event.preventDefault(); open(); return; }
    const named = all('[data-key]').find(each => each.dataset.key === event.key);
    if (named) { event.preventDefault(); named.matches('input, textarea, select') ? named.focus() : named.click(); }
  });
  if (palette) {
    palette.addEventListener('keydown', event => {
      const found = all('[role="option"]', palette);
      if (!found.length || !['ArrowDown', 'ArrowUp', 'Enter'].includes(event.key)) return;
      const now = found.findIndex(each => each.getAttribute('aria-selected') === 'true');
      if (event.key === 'Enter') { if (now >= 0) { event.preventDefault(); found[now].click(); } return; }
      event.preventDefault();
      const next = (now + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % found.length;
      found.forEach((each, index) => each.setAttribute('aria-selected', String(index === next)));
      found[next].scrollIntoView({ block: 'nearest' });
      $('input', palette).setAttribute('aria-activedescendant', found[next].id);
    });
    palette.addEventListener('click', event => { if (event.target === palette) palette.close(); });
  }
})();
