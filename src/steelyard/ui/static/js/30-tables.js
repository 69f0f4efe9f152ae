// SPDX-License-Identifier: Apache-2.0
// Tables: sort the rows of a page, move through them with j and k, choose columns, keep views.
(() => {
  'use strict';
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const value = cell => {
    const time = cell.querySelector('time');
    if (time) return time.dateTime;
    const text = cell.textContent.trim();
    return cell.classList.contains('number') ? parseFloat(text.replace(/[^\d.,-]/g, '').replace(',', '.')) || 0 : text;
  };
  for (const table of all('table[data-table]')) {
    all('th[data-sort]', table).forEach((head, index) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'sort';
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        all('th[data-sort]', table).forEach(each => each.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const rows = all('tbody tr', table).sort((a, b) => {
          const [x, y] = [value(a.cells[index]), value(b.cells[index])];
          const order = typeof x === 'number' ? x - y : x.localeCompare(y, document.documentElement.lang, { numeric: true });
          return down ? -order : order;
        });
        table.tBodies[0].append(...rows);
      });
    });
  }
  document.addEventListener('keydown', event => {
    if (!['j', 'k'].includes(event.key) || event.ctrlKey || event.metaKey || event.target.matches('input, textarea, select')) return;
    const links = all('table[data-table] tbody tr').map(row => row.querySelector('a')).filter(Boolean);
    if (!links.length) return;
    const now = links.findIndex(link => link.closest('tr').contains(document.activeElement));
    links[Math.max(0, Math.min(links.length - 1, now + (event.key === 'j' ? 1 : -1)))].focus();
  });
  for (const panel of all('[data-columns]')) {
    const chosen = panel.querySelector('[data-columns-chosen]');
    panel.addEventListener('change', () => {
      chosen.value = all('[data-column]:checked', panel).map(each => each.value).join(',');
    });
  }
  for (const form of all('form[data-views]')) {
    const key = 'views:' + form.dataset.views;
    const list = form.querySelector('[data-view-list]');
    const keep = form.querySelector('[data-view-keep]');
    const name = form.querySelector('[data-view-name]');
    const read = () => JSON.parse(localStorage.getItem(key) || '[]');
    const show = () => {
      all('[data-view]', list).forEach(each => each.remove());
      for (const view of read()) {
        const row = document.createElement('div');
        row.className = 'row';
        row.dataset.view = '';
        const link = document.createElement('a');
        link.href = form.dataset.views + view.query;
        link.textContent = view.name;
        const gone = document.createElement('button');
        gone.type = 'button';
        gone.className = 'quiet-button small-button';
        gone.textContent = '×';
        gone.setAttribute('aria-label', keep.dataset.remove + ' ' + view.name);
        gone.addEventListener('click', () => {
          localStorage.setItem(key, JSON.stringify(read().filter(each => each.name !== view.name)));
          show();
        });
        row.append(link, gone);
        list.prepend(row);
      }
    };
    keep.addEventListener('click', () => {
      const title = name.value.trim();
      if (!title) { name.focus(); return; }
      const views = read().filter(each => each.name !== title);
      views.push({ name: title, query: location.search });
      localStorage.setItem(key, JSON.stringify(views));
      name.value = '';
      show();
    });
    // Empty filters stay out of the address, so that it can be read and shared.
    form.addEventListener('submit', () => {
      for (const field of form.elements) if (field.name && !field.value && field.tagName !== 'BUTTON') field.disabled = true;
    });
    window.addEventListener('pageshow', () => { for (const field of form.elements) field.disabled = field.dataset.fixed !== undefined; });
    show();
  }
})();
