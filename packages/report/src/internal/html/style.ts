/**
 * The whole look. It loads nothing: system fonts, inline shapes. Colours pass 4.5:1 on their grounds in both schemes, and
 * none of them says anything that a word or a shape beside it does not say.
 *
 * @category constructors
 * @since 0.2.0
 */
export const style = `
:root{color-scheme:light dark;
--bg:#f4f5f8;--card:#ffffff;--ink:#171a21;--soft:#535b69;--line:#dde1e8;--faint:#eceff3;--accent:#2450c4;--focus:#1d4ed8;
--critical:#a50d2d;--critical-bg:#fde7ea;--high:#b33a06;--high-bg:#feeadb;--medium:#865b00;--medium-bg:#fdf2cf;
--low:#0a5f92;--low-bg:#e1f1fb;--info:#4a5362;--info-bg:#eaedf2;--none:#14693a;--none-bg:#e0f5e7;--unknown:#6b23a8;--unknown-bg:#f2e7fc;
--good:#14693a;--good-bg:#e0f5e7;--bad:#a50d2d;--bad-bg:#fde7ea;--warn:#865b00;--warn-bg:#fdf2cf;
--shadow:0 1px 2px rgb(20 24 36/.06),0 4px 16px rgb(20 24 36/.05)}
@media (prefers-color-scheme:dark){:root{
--bg:#0e1116;--card:#161a21;--ink:#e9ecf1;--soft:#a4adbb;--line:#2a313d;--faint:#1f252e;--accent:#8fb2ff;--focus:#8fb2ff;
--critical:#ff9aa8;--critical-bg:#471320;--high:#ffab7d;--high-bg:#43210f;--medium:#f1cc67;--medium-bg:#3a2e0a;
--low:#84cbf7;--low-bg:#0e3147;--info:#b6bfcc;--info-bg:#2a303a;--none:#7fdda4;--none-bg:#0f3420;--unknown:#d5a8ff;--unknown-bg:#341a4c;
--good:#7fdda4;--good-bg:#0f3420;--bad:#ff9aa8;--bad-bg:#471320;--warn:#f1cc67;--warn-bg:#3a2e0a;--shadow:none}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;overflow-wrap:break-word;background:var(--bg);color:var(--ink);font:15px/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
h1,h2,h3,p,ul,dl,table,figure{margin:0}
ul{padding:0;list-style:none}
h1{font-size:1.7rem;line-height:1.2;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:1.12rem;line-height:1.3;letter-spacing:-.005em}
h3{font-size:.95rem;line-height:1.35}
a{color:var(--accent);text-underline-offset:2px}
code{font:.88em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;background:var(--faint);border:1px solid var(--line);border-radius:5px;padding:.08em .38em;overflow-wrap:anywhere}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;z-index:9;background:var(--card);padding:.5rem .8rem;border-radius:8px}
.page{max-width:1180px;margin:0 auto;padding:2rem 1.25rem 3rem;display:grid;gap:1.25rem;grid-template-columns:minmax(0,1fr)}
.page-in{display:grid;gap:1.25rem;grid-template-columns:minmax(0,1fr)}
.top{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:flex-start;justify-content:space-between}
.top>div{min-width:0}
.meta{color:var(--soft);margin-top:.35rem;display:flex;flex-wrap:wrap;gap:.1rem 1rem}
.meta span{overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.1rem 1.25rem;box-shadow:var(--shadow);min-width:0}
.card>h2{margin-bottom:.2rem}
.lead{color:var(--soft);margin-bottom:.8rem;font-size:.93rem}
.soft{color:var(--soft)}
.ic{width:1em;height:1em;flex:none;display:inline-block;vertical-align:-.13em;fill:currentColor}
.verdict{display:flex;gap:1rem;align-items:flex-start;border-left:6px solid var(--info)}
.verdict .big{width:2.1rem;height:2.1rem;margin-top:.1rem}
.verdict h2{font-size:1.35rem;letter-spacing:-.01em}
.verdict p{overflow-wrap:anywhere}
.verdict.good{border-left-color:var(--good)}.verdict.good .big{color:var(--good)}
.verdict.bad{border-left-color:var(--bad)}.verdict.bad .big{color:var(--bad)}
.verdict.warn{border-left-color:var(--warn)}.verdict.warn .big{color:var(--warn)}
.rules{margin-top:.55rem;display:grid;gap:.3rem}
.rules li{display:flex;gap:.5rem;align-items:baseline}
.rules li span:last-child{min-width:0;overflow-wrap:anywhere}
.rules .good{color:var(--good)}.rules .bad{color:var(--bad)}.rules .warn{color:var(--warn)}
.rules b{min-width:4.1em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:.8rem}
.tile{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:.85rem 1rem;box-shadow:var(--shadow);display:flex;flex-direction:column;gap:.1rem;min-width:0}
.tile dt{color:var(--soft);font-size:.86rem}
.tile dd{margin:0;font-size:1.55rem;font-weight:650;line-height:1.2;letter-spacing:-.015em;display:flex;gap:.4rem;align-items:center}
.tile dd.note{font-size:.86rem;font-weight:400;color:var(--soft);letter-spacing:0;display:block}
.tile .ic{width:.85em;height:.85em}
.t-critical{color:var(--critical)}.t-high{color:var(--high)}.t-medium{color:var(--medium)}.t-low{color:var(--low)}.t-info{color:var(--info)}.t-none{color:var(--none)}.t-unknown{color:var(--unknown)}
.badge{display:inline-flex;gap:.36em;align-items:center;padding:.12em .6em .14em .5em;border-radius:99px;font-size:.84rem;font-weight:620;line-height:1.45;white-space:nowrap;color:var(--info);background:var(--info-bg)}
.badge.critical{color:var(--critical);background:var(--critical-bg)}.badge.high{color:var(--high);background:var(--high-bg)}
.badge.medium{color:var(--medium);background:var(--medium-bg)}.badge.low{color:var(--low);background:var(--low-bg)}
.badge.none{color:var(--none);background:var(--none-bg)}.badge.unknown{color:var(--unknown);background:var(--unknown-bg)}
.badge.warn{color:var(--warn);background:var(--warn-bg)}.badge.bad{color:var(--bad);background:var(--bad-bg)}
.chip{display:inline-block;border:1px solid var(--line);border-radius:6px;padding:0 .45em;font-size:.8rem;line-height:1.55;color:var(--soft);white-space:nowrap}
.chip.new{border-color:currentColor;color:var(--high);font-weight:600}
.chip.ok{border-color:currentColor;color:var(--none)}
.chip.wrap{white-space:normal;overflow-wrap:anywhere}
.todo{display:grid;gap:.1rem}
.todo li{display:grid;grid-template-columns:9.2rem minmax(0,1fr);gap:.15rem 1rem;padding:.6rem 0;border-top:1px solid var(--line)}
.todo li:first-child{border-top:0}
.todo p{overflow-wrap:anywhere}
.todo .act{margin-top:.15rem}
.todo .badges{display:flex;flex-wrap:wrap;gap:.25rem;align-items:start;align-content:start}
.part{margin-top:.7rem}
.links a{overflow-wrap:anywhere}
.byrule>summary{cursor:pointer;display:flex;flex-wrap:wrap;gap:.2rem .8rem;align-items:baseline}
.fold{border-top:1px solid var(--line);padding-top:.5rem}.fold>summary{cursor:pointer;color:var(--accent)}
.vend,.sub,.badge+.name,.lead,.more,.say{overflow-wrap:anywhere}
.vend{color:var(--soft);font-size:.88rem}
.name{font-weight:600;overflow-wrap:anywhere}
.cols{display:grid;gap:1.25rem;grid-template-columns:repeat(2,minmax(0,1fr))}
@media (max-width:900px){.cols{grid-template-columns:minmax(0,1fr)}}
.bars{display:grid;gap:.75rem}
.bars .row{display:flex;flex-wrap:wrap;gap:.1rem .9rem;justify-content:space-between;align-items:baseline;margin-bottom:.2rem}
.bars b{font-weight:600;overflow-wrap:anywhere}
.say{font-size:.88rem;color:var(--soft)}
.bars+.lead{margin-top:1.1rem}.axis+.lead{margin-top:1.2rem}
.cols>.card:last-child:nth-child(odd){grid-column:1/-1}
.strip{display:block;width:100%;height:34px;overflow:visible}
.strip.tall{height:58px}
.axis{display:flex;justify-content:space-between;font-size:.76rem;color:var(--soft);line-height:1.2;margin-top:.1rem}
.axis.score{position:relative;height:1em}.axis.score span{position:absolute;transform:translateX(-50%)}.p0{left:2%}.p60{left:59.6%}.p70{left:69.2%}.p80{left:78.8%}.p90{left:88.4%}.p100{left:98%}
.rail{stroke:var(--line);stroke-width:1}.grid{stroke:var(--faint);stroke-width:1}.limit{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:3 3}
.dot{stroke-width:9;stroke-linecap:round;stroke:var(--info)}
.f-critical{fill:var(--critical)}.f-high{fill:var(--high)}.f-medium{fill:var(--medium)}.f-low{fill:var(--low)}.f-info{fill:var(--info)}.f-none{fill:var(--none)}.f-unknown{fill:var(--unknown)}.f-open{fill:var(--line)}
.f-bad{fill:var(--bad)}.f-good{fill:var(--good)}.f-mid{fill:var(--line)}
.s-critical{stroke:var(--critical)}.s-high{stroke:var(--high)}.s-medium{stroke:var(--medium)}.s-low{stroke:var(--low)}.s-info{stroke:var(--info)}.s-none{stroke:var(--none)}.s-unknown{stroke:var(--unknown)}.s-accent{stroke:var(--accent)}
.trend{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round}.area{fill:var(--accent);opacity:.1}
.minis{display:grid;gap:.9rem 1.4rem;grid-template-columns:repeat(auto-fill,minmax(215px,1fr))}
.mini .name{font-size:.9rem}.mini .now{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 .6rem;font-size:.84rem;color:var(--soft);margin-top:.15rem}
.mini b{color:var(--ink)}
.tools{display:flex;flex-wrap:wrap;gap:.6rem .9rem;align-items:end;margin:.2rem 0 .8rem}
.tools[hidden]{display:none}
.tools label{display:grid;gap:.12rem;font-size:.82rem;color:var(--soft)}
.tools input,.tools select,.tools button{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--soft);border-radius:8px;padding:.34rem .55rem;min-width:0}
.tools input{width:16rem;max-width:100%}
.tools button{cursor:pointer}
.tools output{color:var(--soft);padding:.4rem 0}
.scroll{overflow-x:auto}
.tall{max-height:44rem;overflow-y:auto}.tall thead th{position:sticky;top:0;background:var(--card);z-index:1}
.list{width:100%;border-collapse:collapse;min-width:62rem}
.list th,.list td{text-align:left;vertical-align:top;padding:.55rem .8rem .55rem 0;border-top:1px solid var(--line)}
.list thead th{color:var(--soft);font-weight:500;font-size:.84rem;border-top:0;white-space:nowrap;vertical-align:bottom}
.list thead button{all:unset;cursor:pointer;text-decoration:underline dotted;text-underline-offset:3px}
.list thead button:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.list tbody th{font-weight:400;min-width:16rem;max-width:24rem}.list .name{overflow-wrap:break-word}
.list tr[hidden],.scan[hidden]{display:none}
.list td.num{white-space:nowrap}
.list .sub{overflow-wrap:break-word;color:var(--soft);font-size:.86rem;display:block}
.meter{display:block;width:84px;height:6px;margin-top:.3rem}
.track{fill:var(--faint)}
caption{text-align:left;color:var(--soft);font-size:.9rem;padding-bottom:.5rem}
.scans{display:grid;gap:.7rem;margin-top:.3rem}
.scan{border:1px solid var(--line);border-radius:12px;background:var(--card)}
.scan>summary{cursor:pointer;padding:.7rem 1rem;display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center;list-style:none}
.scan>summary::-webkit-details-marker{display:none}
.scan>summary::before{content:"";width:.5em;height:.5em;border-right:2px solid var(--soft);border-bottom:2px solid var(--soft);transform:rotate(-45deg);flex:none;margin-right:.1em}
.scan[open]>summary::before{transform:rotate(45deg)}
.scan>summary .name{flex:1 1 14rem;min-width:0}
.scan .in{padding:.1rem 1.1rem 1.1rem;display:grid;gap:1rem;border-top:1px solid var(--line)}
.scan .in>*{min-width:0}
.two{display:grid;gap:1rem 2rem;grid-template-columns:repeat(2,minmax(0,1fr));padding-top:.9rem}
@media (max-width:760px){.two{grid-template-columns:minmax(0,1fr)}}
.facts{display:grid;grid-template-columns:9.5rem minmax(0,1fr);gap:.18rem .8rem;font-size:.92rem;margin-top:.3rem}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.finds{display:grid;margin-top:.2rem}
.finds>li{display:grid;grid-template-columns:6.9rem minmax(0,1fr) auto;gap:.1rem .9rem;padding:.6rem 0;border-top:1px solid var(--line)}
.finds .body{min-width:0;overflow-wrap:anywhere}
.finds .body p{margin-top:.1rem;white-space:pre-line}
.finds .st{text-align:right}
.warns{border-left:4px solid var(--warn);padding-left:.8rem}
.warns li{overflow-wrap:anywhere}
.more{color:var(--soft);padding-top:.5rem}
.legend{display:flex;flex-wrap:wrap;gap:.1rem .8rem}
.foot{color:var(--soft);font-size:.88rem;display:grid;gap:.5rem;overflow-wrap:anywhere}
.foot b{color:var(--ink)}
@media (max-width:640px){
.page{padding:1.1rem .8rem 2rem;gap:.9rem}h1{font-size:1.35rem}.card{padding:.95rem .95rem}.verdict{gap:.7rem}
.todo li{grid-template-columns:minmax(0,1fr)}.rules li{flex-wrap:wrap}.rules li span:last-child{flex:1 1 100%}
.list{min-width:0}.list tbody th{min-width:0}.list thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.list,.list tbody,.list tr,.list th,.list td,.list caption{display:block}
.list tr{border-top:1px solid var(--line);padding:.55rem 0}.list th,.list td{border:0;padding:.08rem 0;max-width:none}
.list td:empty{display:none}
.list td[data-l]::before{content:attr(data-l) ": ";color:var(--soft)}
.finds>li{grid-template-columns:minmax(0,1fr) auto}.finds .body{grid-column:1/-1;grid-row:2}.facts{grid-template-columns:minmax(0,1fr)}.facts dd{margin-bottom:.3rem}
.tools label,.tools input,.tools select{width:100%}}
@media print{
:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--faint:#eee;--accent:#123a9c;--shadow:none;
--critical:#a50d2d;--critical-bg:#fde7ea;--high:#b33a06;--high-bg:#feeadb;--medium:#865b00;--medium-bg:#fdf2cf;--low:#0a5f92;--low-bg:#e1f1fb;
--info:#4a5362;--info-bg:#eaedf2;--none:#14693a;--none-bg:#e0f5e7;--unknown:#6b23a8;--unknown-bg:#f2e7fc;--good:#14693a;--bad:#a50d2d;--warn:#865b00;--warn-bg:#fdf2cf}
body{font-size:10.5pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.page{max-width:none;padding:0;gap:.7rem}.tools,.skip{display:none!important}
.card,.tile{break-inside:avoid}.card.long{break-inside:auto;border:0;padding:0}.scan{break-inside:auto}.scan>summary{break-after:avoid}.finds>li,.list tr{break-inside:avoid}
.scroll,.tall{overflow:visible;max-height:none}.list{min-width:0;font-size:8.5pt}.list th,.list td{padding-right:.5rem}.list .sub{font-size:8pt;overflow-wrap:break-word}.list .badge{font-size:8pt}
.list tbody th{min-width:7.5rem}.list td:nth-child(5){min-width:6.2rem}.list td:nth-child(6){min-width:4.6rem}.list td:nth-child(7){min-width:4.4rem}.meter{width:56px}.tiles{grid-template-columns:repeat(5,minmax(0,1fr))}.tile{padding:.5rem .6rem}.tile dd{font-size:1.2rem}.cols{grid-template-columns:repeat(2,minmax(0,1fr));gap:.7rem}.cols .row{display:block}
::details-content{content-visibility:visible!important;display:block!important}
a{color:inherit}}
`
