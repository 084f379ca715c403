/**
 * Sorts and filters what is there already; without it the page is whole. It reads classes and data attributes, writes
 * `hidden`, the order of rows and the part of the address after `#`, so that a filtered page can be passed on, and touches no
 * text of the report.
 *
 * @category constructors
 * @since 0.2.0
 */
export const script = `(()=>{
const $=(s,r)=>(r||document).querySelector(s),all=(s,r)=>Array.from((r||document).querySelectorAll(s));
const tools=$("#tools");if(!tools)return;
const rows=all("#list tbody tr"),cards=all(".scan"),q=$("#q"),out=$("#shown");
const by={sev:$("#sev"),ven:$("#ven"),sta:$("#sta"),rul:$("#rul")},names=Object.keys(by).filter(k=>by[k]);
const rank={critical:0,unknown:1,high:2,medium:3,low:4,info:5,none:6,"":7};
const cardOf=new Map(cards.map(c=>[c.id,c])),texts=new Map();
const text=r=>{let t=texts.get(r);if(t===undefined){const c=cardOf.get(r.dataset.n);t=(r.textContent+" "+(c?c.textContent:"")).toLowerCase();texts.set(r,t)}return t};
const tests={sev:(e,v)=>rank[e.dataset.sev]<=rank[v],ven:(e,v)=>e.dataset.ven===v,sta:(e,v)=>v==="open"?e.dataset.sta!=="completed":e.dataset.sta===v,rul:(e,v)=>(e.dataset.rul||"").split(" ").includes(v)};
const fits=r=>names.every(k=>!by[k].value||tests[k](r,by[k].value))&&(!q.value.trim()||text(r).includes(q.value.trim().toLowerCase()));
const show=()=>{let n=0;for(const r of rows){const f=fits(r),c=cardOf.get(r.dataset.n);r.hidden=!f;if(c)c.hidden=!f;if(f)n++}if(n<rows.length)for(const d of all(".fold"))if($(".scan:not([hidden])",d))d.open=true;out.textContent=n+" of "+rows.length+" scans"};
const mark="#show?";
const save=()=>{const p=new URLSearchParams();for(const k of names)if(by[k].value)p.set(k,by[k].value);if(q.value.trim())p.set("q",q.value.trim());const h=p.toString();if(h||location.hash.startsWith(mark))history.replaceState(null,"",h?mark+h:"#all")};
const apply=()=>{show();save()};
let timer;q.addEventListener("input",()=>{clearTimeout(timer);timer=setTimeout(apply,120)});
for(const k of names)by[k].addEventListener("change",apply);
const clear=()=>{for(const k of names)by[k].value="";q.value=""};
$("#clear").addEventListener("click",()=>{clear();apply()});
$("#open").addEventListener("click",()=>{const shut=cards.some(c=>!c.hidden&&!c.open);for(const c of cards)if(!c.hidden)c.open=shut});
tools.hidden=false;
for(const a of all('a[href="#all"]'))a.addEventListener("click",e=>{e.preventDefault();clear();for(const k of names)if(a.dataset[k]!==undefined)by[k].value=a.dataset[k];apply();$("#all").scrollIntoView()});
all("#list thead th").forEach((th,i)=>{const b=document.createElement("button");b.type="button";b.textContent=th.textContent;th.replaceChildren(b);let up=true;
b.addEventListener("click",()=>{const key=r=>r.cells[i].dataset.v??r.cells[i].textContent;const num=rows.every(r=>{const v=key(r);return v===""||!Number.isNaN(Number(v))});
const sorted=rows.slice().sort((a,b)=>{const x=key(a),y=key(b);if(x===""||y==="")return(x==="")-(y==="");const c=num?Number(x)-Number(y):x<y?-1:x>y?1:0;return up?c:-c});
all("#list thead th").forEach(h=>h.removeAttribute("aria-sort"));th.setAttribute("aria-sort",up?"ascending":"descending");up=!up;$("#list tbody").append(...sorted)})});
const jump=()=>{const at=location.hash;if(at.startsWith(mark)){clear();const p=new URLSearchParams(at.slice(mark.length));for(const k of names)by[k].value=p.get(k)||"";q.value=p.get("q")||"";show();$("#all").scrollIntoView();return}
const e=at.length>1?document.getElementById(at.slice(1)):null;if(e&&e.classList.contains("scan")){e.hidden=false;for(let p=e;p;p=p.parentElement)if(p.tagName==="DETAILS")p.open=true;e.scrollIntoView()}};
addEventListener("hashchange",jump);
addEventListener("beforeprint",()=>{for(const d of all("details"))d.open=true});
show();jump();
})()`
