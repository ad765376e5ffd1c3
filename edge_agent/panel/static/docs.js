// The API reference: /openapi.json made readable, without the net.

import { boundsOf, nameOf, routesByTag, rowsOf, typeOf } from './schema.js';
import { html, render } from './vendor/preact-htm.js';

const root = document.getElementById('root');
const idOf = (route) => `${route.method}-${route.path}`.replace(/[^A-Za-z0-9]+/g, '-');

// Backquotes in a description stand for code, as in the source.
function Text({ text }) {
  const parts = (text ?? '').split('`');
  return parts.map((part, index) => (index % 2 ? html`<code>${part}</code>` : part));
}

function Type({ schema }) {
  return html`<code class="type">
    ${typeOf(schema).map(({ name, text }) =>
      name ? html`<a href=${`#type-${name}`}>${name}</a>` : text,
    )}
  </code>`;
}

function Table({ rows, caption }) {
  if (!rows.length) return null;
  return html`<div class="table" tabindex="0" role="group" aria-label=${caption}>
    <table>
      <caption>${caption}</caption>
      <thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Notes</th></tr></thead>
      <tbody>
        ${rows.map(
          (row) => html`<tr>
            <th scope="row"><code>${row.name}</code>${row.isRequired && html`<small>required</small>`}</th>
            <td><${Type} schema=${row.schema} /></td>
            <td>
              <${Text} text=${row.text} />
              ${row.bounds.length > 0 && html`<small>${row.bounds.join(' · ')}</small>`}
            </td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const parameterRow = (item) => ({
  name: item.name,
  schema: item.schema,
  bounds: boundsOf(item.schema),
  isRequired: item.required,
  text: `${item.in}${item.description ? `: ${item.description}` : ''}`,
});

const bodySchema = (holder) => holder?.content?.['application/json']?.schema;

function Body({ schema, schemas, caption }) {
  const name = nameOf(schema);
  if (!name) return schema ? html`<p>${caption}: <${Type} schema=${schema} /></p>` : null;
  const known = schemas[name];
  return html`<p class="body">
      ${caption}: <a href=${`#type-${name}`}><code>${name}</code></a>
      ${known.description && html` — <${Text} text=${known.description} />`}
    </p>
    ${caption === 'Request' && html`<${Table} rows=${rowsOf(known)} caption=${name} />`}`;
}

function Route({ route, schemas }) {
  const refusals = Object.keys(route.responses).filter((status) => status >= '400');
  return html`<article id=${idOf(route)} class="route">
    <h3><span class=${`method ${route.method}`}>${route.method}</span> <code>${route.path}</code></h3>
    <p><${Text} text=${route.description ?? route.summary} /></p>
    <${Table} rows=${(route.parameters ?? []).map(parameterRow)} caption="Parameters" />
    <${Body} schema=${bodySchema(route.requestBody)} schemas=${schemas} caption="Request" />
    <${Body} schema=${bodySchema(route.responses['200'])} schemas=${schemas} caption="Answer" />
    ${refusals.length > 0 &&
    html`<p class="refusals">Refusals: ${refusals.join(', ')} — <a href="#errors">error shape</a></p>`}
  </article>`;
}

const EXAMPLE = `HTTP/1.1 409 Conflict
Content-Type: application/problem+json

{
  "type": "urn:loyalty-edge:problem:quote_changed",
  "title": "quote changed",
  "status": 409,
  "instance": "urn:uuid:7b0c5f0e-0c3e-4f57-9a55-2b8f1f6f2a10",
  "code": "quote_changed",
  "detail": "the basket or its price changed; show the new quote first",
  "field": "",
  "retryable": false,
  "cashier_message": {
    "uk": "Сума змінилася — перевірте чек",
    "en": "The total changed — check it again",
    "pl": "Suma się zmieniła — sprawdź paragon"
  }
}`;

function Intro({ info }) {
  return html`<section id="calls">
    <h1>${info.title} <small>${info.version}</small></h1>
    <p class="lead">${info.summary}</p>
    <ul class="rules">
      <li>
        Every call carries <code>Authorization: Bearer TOKEN</code> with the register’s token. Only${' '}
        <code>/healthz</code>, <code>/docs</code>, <code>/openapi.json</code>, the panel’s files and
        ${' '}<code>POST /v1/panel/sessions</code> go without.
      </li>
      <li>
        <code>Host</code> and, where a browser sends it, <code>Origin</code> must be on the
        register’s lists; bodies are <code>application/json</code> of at most 1 MiB.
      </li>
      <li>
        A write with an <code>Idempotency-Key</code> may be repeated: the same key and body give the
        same answer, the same key with another body is refused with 422.
      </li>
      <li>
        Money is in kopecks (<code>_minor</code>), bonuses in hundredths (<code>_points</code>),
        quantities in thousandths (<code>_milli</code>); always integers. Instants are ISO 8601 in UTC.
      </li>
      <li>Unknown fields of a request are accepted and named back in <code>ignored</code>.</li>
    </ul>
  </section>`;
}

function Errors({ schemas }) {
  const shape = schemas.ProblemBody;
  return html`<section id="errors">
    <h2>Errors</h2>
    <p>
      Every refusal is a problem document (RFC 9457) with a stable <code>code</code> and a sentence
      for the cashier in each locale. A business “no”, such as a declined redemption, is an answer
      and not an error.
    </p>
    ${shape && html`<${Table} rows=${rowsOf(shape)} caption="ProblemBody" />`}
    <pre tabindex="0"><code>${EXAMPLE}</code></pre>
  </section>`;
}

function Types({ schemas }) {
  return html`<section id="types">
    <h2>Types</h2>
    ${Object.entries(schemas).map(
      ([name, schema]) => html`<article id=${`type-${name}`} class="named">
        <h3><code>${name}</code></h3>
        ${schema.description && html`<p><${Text} text=${schema.description} /></p>`}
        ${schema.enum && html`<p><${Type} schema=${schema} /></p>`}
        <${Table} rows=${rowsOf(schema)} caption=${name} />
      </article>`,
    )}
  </section>`;
}

function Menu({ groups }) {
  return html`<nav aria-label="Contents">
    <a href="#calls">How to call</a>
    ${[...groups].map(
      ([tag, routes]) => html`<h2>${tag}</h2>
        ${routes.map(
          (route) => html`<a href=${`#${idOf(route)}`}>
            <span class=${`method ${route.method}`}>${route.method}</span>
            <span>${route.path.replace(/^\/v1/, '')}</span>
          </a>`,
        )}`,
    )}
    <h2>shapes</h2>
    <a href="#errors">Errors</a>
    <a href="#types">Types</a>
  </nav>`;
}

function Reference({ openapi }) {
  const schemas = openapi.components?.schemas ?? {};
  const groups = routesByTag(openapi);
  return html`<div class="page">
    <${Menu} groups=${groups} />
    <main>
      <${Intro} info=${openapi.info} />
      ${[...groups].map(
        ([tag, routes]) => html`<section>
          <h2>${tag}</h2>
          ${routes.map((route) => html`<${Route} route=${route} schemas=${schemas} />`)}
        </section>`,
      )}
      <${Errors} schemas=${schemas} />
      <${Types} schemas=${schemas} />
    </main>
  </div>`;
}

async function show() {
  const answer = await fetch('/openapi.json');
  const openapi = await answer.json();
  root.replaceChildren();
  render(html`<${Reference} openapi=${openapi} />`, root);
  document.title = openapi.info.title;
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

show().catch((error) => {
  root.textContent = `/openapi.json cannot be read: ${error.message}`;
});
