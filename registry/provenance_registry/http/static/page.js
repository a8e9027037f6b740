// The start of a piece's page: the registry's words stand there first, and what checks them is loaded after them.

const line = document.getElementById('phone');
const PATIENCE = 1500; // Milliseconds for the page's pictures.
let isBegun = false;

function begin() {
  if(isBegun) { return; }
  isBegun = true;
  import('./check.js').then(({check}) => check(line)).catch(() => { line.textContent = line.dataset.unable; });
}

if(line) {
  line.textContent = line.dataset.checking;
  if(document.readyState === 'complete') { begin(); }
  addEventListener('load', () => requestAnimationFrame(() => setTimeout(begin))); // Once the pictures are painted.
  setTimeout(begin, PATIENCE);
}
