// Sorts and filters what is there already; without it the page is whole. It reads classes and data attributes, writes
// `hidden` and the order of rows, and touches no text of the report.
export const script = `(()=>{
const $=(s,r)=>(r||document).querySelector(s),all=(s,r)=>Array.from((r||document).querySelectorAll(s));
const tools=$("#tools");if(!tools)return;
const rows=all("#list tbody tr"),cards=all(".scan"),q=$("#q"),sev=$("#sev"),ven=$("#ven"),sta=$("#sta"),out=$("#shown");
const rank={critical:0,unknown:1,high:2,medium:3,low:4,info:5,none:6,"":7};
const texts=new Map();
const text=e=>{let t=texts.get(e);if(t===undefined){t=e.textContent.toLowerCase();texts.set(e,t)}return t};
const fits=e=>(!sev.value||rank[e.dataset.sev]<=rank[sev.value])&&(!ven.value||e.dataset.ven===ven.value)&&(!sta.value||(sta.value==="open"?e.dataset.sta!=="completed":e.dataset.sta===sta.value))&&(!q.value||text(e).includes(q.value.trim().toLowerCase()));
const apply=()=>{let n=0;for(const r of rows){const f=fits(r);r.hidden=!f;if(f)n++}for(const c of cards)c.hidden=!fits(c);out.textContent=n+" of "+rows.length+" scans"};
let timer;q.addEventListener("input",()=>{clearTimeout(timer);timer=setTimeout(apply,120)});
for(const e of [sev,ven,sta])e.addEventListener("change",apply);
$("#open").addEventListener("click",()=>{const shut=cards.some(c=>!c.hidden&&!c.open);for(const c of cards)if(!c.hidden)c.open=shut});
tools.hidden=false;
all("#list thead th").forEach((th,i)=>{const b=document.createElement("button");b.type="button";b.textContent=th.textContent;th.replaceChildren(b);let up=true;
b.addEventListener("click",()=>{const key=r=>r.cells[i].dataset.v??r.cells[i].textContent;const num=rows.every(r=>{const v=key(r);return v===""||!Number.isNaN(Number(v))});
const sorted=rows.slice().sort((a,b)=>{const x=key(a),y=key(b);if(x===""||y==="")return(x==="")-(y==="");const c=num?Number(x)-Number(y):x<y?-1:x>y?1:0;return up?c:-c});
all("#list thead th").forEach(h=>h.removeAttribute("aria-sort"));th.setAttribute("aria-sort",up?"ascending":"descending");up=!up;$("#list tbody").append(...sorted)})});
const jump=()=>{const e=location.hash.length>1?document.getElementById(location.hash.slice(1)):null;if(e&&e.classList.contains("scan")){e.hidden=false;e.open=true;e.scrollIntoView()}};
addEventListener("hashchange",jump);jump();
addEventListener("beforeprint",()=>{for(const c of cards)c.open=true});
apply();
})()`
