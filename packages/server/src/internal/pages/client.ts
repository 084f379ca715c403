// Keeps a page live: a wake-up from the stream of events, then the page again, put into the one that is shown. Elements stay
// the same nodes, so focus, open details and the reader's place stay, too. Without it the page tells the same facts.
export const client = `(()=>{
const $=s=>document.querySelector(s),state=$("#live-state"),at=$("#live-at"),pause=$("#live-pause");
let offset=Number($("#live").dataset.now)-Date.now();
const now=()=>Date.now()+offset;
const span=ms=>{const s=Math.round(Math.abs(ms)/1000);return s<60?s+" s":s<3600?Math.floor(s/60)+" min"+(s<600&&s%60?" "+s%60+" s":""):s<172800?Math.floor(s/3600)+" h"+(s%3600>59?" "+Math.floor(s%3600/60)+" min":""):Math.floor(s/86400)+" d"};
const times=()=>{for(const t of document.querySelectorAll("time[data-live]")){if(!t.title)t.title=t.textContent;const ms=Date.parse(t.dateTime)-now(),text=Math.abs(ms)<1000?"now":ms>0?"in "+span(ms):span(ms)+" ago";if(t.textContent!==text)t.textContent=text}};
const kept=new Set(["open","hidden","aria-sort"]);
const held=n=>n.matches("form")&&(n.contains(document.activeElement)||n.dataset.dirty!==undefined);
const report=(a,b)=>{if(a.dataset.digest===b.dataset.digest||location.hash.startsWith("#show?")||a.querySelector("[aria-sort]"))return;
const open=[...a.querySelectorAll("details[open][id]")].map(d=>d.id);a.replaceChildren(...document.importNode(b,true).childNodes);a.dataset.digest=b.dataset.digest;
for(const id of open){const d=document.getElementById(id);if(d)d.open=true}const s=document.createElement("script");s.src="/assets/report.js";a.append(s)};
const morph=(a,b)=>{
if(a.nodeType!==b.nodeType||a.nodeName!==b.nodeName||(a.id||"")!==(b.id||"")){a.replaceWith(document.importNode(b,true));return}
if(a.nodeType!==1){if(a.nodeValue!==b.nodeValue)a.nodeValue=b.nodeValue;return}
if(a.id==="report"){report(a,b);return}
if(held(a))return;
for(const{name,value}of b.attributes)if(!kept.has(name)&&a.getAttribute(name)!==value)a.setAttribute(name,value);
for(const{name}of[...a.attributes])if(!kept.has(name)&&!b.hasAttribute(name))a.removeAttribute(name);
const known=new Map([...a.children].filter(c=>c.id).map(c=>[c.id,c]));let next=a.firstChild;
for(const n of[...b.childNodes]){const same=n.nodeType===1&&n.id?known.get(n.id):undefined;
if(same){if(same===next)next=next.nextSibling;else a.insertBefore(same,next);morph(same,n)}
else if(next&&next.nodeType===n.nodeType&&next.nodeName===n.nodeName&&!next.id&&!n.id){const x=next;next=next.nextSibling;morph(x,n)}
else a.insertBefore(document.importNode(n,true),next)}
while(next){const x=next;next=next.nextSibling;x.remove()}};
let busy=false,again=false,timer=0,last=0,gap=1000,source=null,paused=false,met=false;
const show=(words,tone)=>{if(state.textContent!==words)state.textContent=words;$("#live").dataset.tone=tone};
const live=()=>{show("live","good");at.textContent=new Date(now()).toISOString().slice(11,19)+" UTC"};
const shut=()=>{if(source)source.close();source=null};
const refresh=async()=>{if(!$("#main").dataset.kinds)return;if(busy){again=true;return}busy=true;const began=performance.now();
try{const r=await fetch(location.pathname+location.search,{cache:"no-store"});
if(r.status===401){shut();paused=true;show("signed out: open a new link of scanpoll serve","bad");return}
const d=new DOMParser().parseFromString(await r.text(),"text/html"),fresh=d.querySelector("#main");
if(fresh&&r.status<500){offset=Number(d.querySelector("#live").dataset.now)-Date.now();const f=document.activeElement;morph($("#main"),fresh);if(f&&f!==document.activeElement&&f.isConnected)f.focus({preventScroll:true});document.title=d.title;times()}
}catch{}finally{last=performance.now();gap=Math.max(1000,5*(last-began));busy=false;if(again){again=false;soon()}}};
const soon=()=>{if(!timer&&!paused)timer=setTimeout(()=>{timer=0;refresh()},Math.max(0,last+gap-performance.now()))};
const cares=({kind,id})=>{const{kinds="",about}=$("#main").dataset;return kinds.split(" ").includes(kind)&&(!about||(kind!=="claim"&&kind!=="poll")||id===about)};
const open=()=>{if(source||paused||document.hidden)return;const s=source=new EventSource("/api/v1/events");
s.addEventListener("hello",()=>{live();if(met)refresh();met=true});
s.addEventListener("change",e=>{live();if(cares(JSON.parse(e.data)))soon()});
s.addEventListener("ping",()=>{live();soon()});s.addEventListener("reset",()=>{live();soon()});
s.onerror=()=>{if(s!==source)return;show("reconnecting","warn");if(s.readyState===2){source=null;setTimeout(()=>{refresh();open()},3000)}}};
pause.hidden=false;
pause.addEventListener("click",()=>{paused=!paused;pause.textContent=paused?"Resume":"Pause";if(paused){shut();show("paused","warn")}else{show("connecting","warn");open()}});
document.addEventListener("visibilitychange",()=>{if(document.hidden)shut();else open()});
addEventListener("input",e=>{const f=e.target.closest&&e.target.closest("form");if(f)f.dataset.dirty=""});
times();setInterval(times,1000);show("connecting","warn");open();
})()`
