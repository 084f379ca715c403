// What the live pages look like beside what they share with a saved report.
export const style = `
.bar{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:center;border-bottom:1px solid var(--line);padding-bottom:.7rem}
.brand{overflow-wrap:anywhere;min-width:0;flex:1 1 12rem}
.live{display:flex;flex-wrap:wrap;gap:.2rem .6rem;align-items:center;font-size:.88rem;color:var(--soft)}
.live::before{content:"";width:.6em;height:.6em;border-radius:50%;background:var(--soft)}
.live[data-tone=good]::before{background:var(--good)}.live[data-tone=warn]::before{background:var(--warn)}.live[data-tone=bad]::before{background:var(--bad)}
.live button,.tools button,.do button{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--soft);border-radius:8px;padding:.3rem .7rem;cursor:pointer;min-height:2rem}
.nav{flex:1 1 100%;display:flex;flex-wrap:wrap;gap:.15rem .35rem}
.nav a{padding:.34rem .7rem;border-radius:8px;text-decoration:none;color:var(--ink)}
.nav a:hover{background:var(--faint)}
.nav a[aria-current]{background:var(--accent);color:var(--bg)}
.list.fit{min-width:46rem}.list .sub .sub{display:inline}
.list td .sub,.list th .sub{font-weight:400}
.badges{display:flex;flex-wrap:wrap;gap:.3rem}
.card>.act,.card>p{margin-top:.35rem}
.card>.facts{margin-top:.6rem}
.line,.facts .sub{display:block}
.spark{width:7rem}.spark .strip.tall{height:30px}.spark .dot{stroke-width:4}
.choices{margin:.6rem 0 0;padding-left:1.3rem;display:grid;gap:.7rem}
.act code{white-space:pre-wrap}
.do{display:flex;flex-wrap:wrap;gap:.5rem .7rem;align-items:end;margin-top:.4rem}
.do label{display:grid;gap:.12rem;font-size:.82rem;color:var(--soft);min-width:0}
.do input{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--soft);border-radius:8px;padding:.34rem .55rem;width:20rem;max-width:100%}
.do button.risk{border-color:var(--bad);color:var(--bad)}
.do output{color:var(--soft);flex:1 1 100%;overflow-wrap:anywhere}
.tools a{padding:.4rem 0}.tools input,.tools select,.tools button{min-height:2.2rem;box-sizing:border-box}
@media (max-width:640px){.list.fit{min-width:0}.live{flex:1 1 100%}.do input,.do label{width:100%}.spark{width:100%}}
@media print{.live,.nav{display:none}}
`
