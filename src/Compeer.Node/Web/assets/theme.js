/* Compeer. Bundles preact, @preact/signals and qrcode-generator (MIT): docs/licences.md */
"use strict";(()=>{function m(e){try{return localStorage.getItem("compeer."+e)}catch{return null}}function t(){let e=m("theme");return e==="light"||e==="dark"?e:"system"}function r(e){e==="system"?delete document.documentElement.dataset.theme:document.documentElement.dataset.theme=e}r(t());})();
