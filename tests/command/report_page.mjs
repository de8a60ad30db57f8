// Runs the script of a report on the least of a document, and prints the text that it makes. usage: node report_page.mjs REPORT
import {readFileSync} from "node:fs";
import vm from "node:vm";

const page = readFileSync(process.argv[2], "utf8");

class Element {
  constructor(tag) { Object.assign(this, {tag, children: [], value: "", checked: false, hidden: false, text: ""}); }
  get textContent() { return this.text; }
  set textContent(text) { this.text = text; this.children = []; }
  append(child) { this.children.push(child); }
  querySelector(tag) { return this.children.find(child => child.tag === tag) ?? this.append(new Element(tag)) ?? this.children.at(-1); }
  addEventListener() {}
  print() { if (this.text && this.tag !== "script") console.log(this.text); this.children.forEach(child => child.print()); }
}

const byId = {};
const document = {
  createElement: tag => new Element(tag),
  getElementById: id => byId[id] ??= new Element(id === "data" ? "script" : "div"),
  querySelector: () => new Element("form"),
};
document.getElementById("data").textContent = page.match(/id="data">([^]*?)<\/script>/)[1];
vm.runInNewContext(page.match(/<script>([^]*?)<\/script>/)[1],
                   {document, location: {hash: "", pathname: "", search: ""}, history: {replaceState() {}}, URLSearchParams, JSON, Math});
Object.values(byId).forEach(element => element.print());
