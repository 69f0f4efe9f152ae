// SPDX-License-Identifier: Apache-2.0
// Nothing typed is lost: long texts are kept in this tab until their form was sent.
(() => {
  'use strict';
  const where = (form, field) => 'typed:' + location.pathname + ':' + form.getAttribute('action') + ':' + field.name;
  for (const form of document.querySelectorAll('form[data-keep]')) {
    const fields = [...form.elements].filter(each => each.matches('textarea, input[type="text"], input[type="url"]') && each.name);
    for (const field of fields) {
      const kept = sessionStorage.getItem(where(form, field));
      if (kept !== null && !field.value) field.value = kept;
      field.addEventListener('input', () => sessionStorage.setItem(where(form, field), field.value));
    }
    form.addEventListener('submit', () => fields.forEach(field => sessionStorage.removeItem(where(form, field))));
  }
  // A fragment of a hash is a secret of a one-time link: browsers do not send it, the form does.
  for (const field of document.querySelectorAll('input[data-from-hash]')) {
    if (location.hash.length > 1) field.value = decodeURIComponent(location.hash.slice(1));
  }
})();
