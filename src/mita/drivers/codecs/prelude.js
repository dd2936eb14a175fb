// What codecs expect to find around them, and how one of their functions is called. The value of this
// script is the function that the worker calls. It keeps what it needs of the language, so that a codec that
// changes Array or JSON for itself changes nothing here; and nothing that a codec defines is in its way.
(function () {
  'use strict';
  const { parse, stringify } = JSON;
  const { apply, ownKeys, set } = Reflect;
  const evaluate = eval; // called by this name it sees what the codec declared, with whatever keyword
  const RealDate = Date;
  const RealPromise = Promise;
  const RealProxy = Proxy;
  const RealError = Error;
  const RealObject = Object;
  const { join } = Array.prototype;
  const LINES_MAX = 100;
  const LINE_LENGTH_MAX = 300;

  // ---- console: kept for who tests a codec ----
  let lines = [];
  function say(level) {
    return function (...told) {
      if (lines.length >= LINES_MAX) return;
      const texts = told.map((each) => {
        if (typeof each === 'string') return each;
        try { return stringify(each) ?? String(each); } catch (error) { return String(each); }
      });
      lines.push((level + texts.join(' ')).slice(0, LINE_LENGTH_MAX));
    };
  }
  const [plain, silent] = [say(''), () => {}];
  globalThis.console = {
    log: plain, info: plain, debug: plain, trace: plain, dir: plain, table: plain, group: plain,
    warn: say('warning: '), error: say('error: '),
    assert(holds, ...told) { if (!holds) this.error('assertion failed', ...told); },
    groupEnd: silent, time: silent, timeEnd: silent, timeLog: silent, count: silent, clear: silent,
  };

  // ---- when a message was received: a Date for some servers' codecs, a text for others' ----
  class ReceivedTime extends RealDate {
    #text;
    constructor(text) {
      // a Date keeps milliseconds; some engines refuse more digits than that
      super(text.replace(/(\.\d{3})\d+/, '$1'));
      this.#text = text;
    }
    toString() { return this.#text; }
    get length() { return this.#text.length; }
  }
  for (const name of ownKeys(String.prototype)) {
    if (!(name in RealDate.prototype) && name !== 'length') {
      Object.defineProperty(ReceivedTime.prototype, name, { value: String.prototype[name], configurable: true });
    }
  }

  // ---- modules: what is here is given out; another one fails only where it is used, for many use it seldom ----
  globalThis.global = globalThis;
  globalThis.self = globalThis;
  const { Buffer, TextEncoder, TextDecoder } = globalThis;
  const MODULES = { buffer: { Buffer }, util: { TextEncoder, TextDecoder } };
  function absent(name) {
    const fail = () => { throw new RealError(`the module ${name} is not here`); };
    return new RealProxy(fail, {
      get: (_, key) => (typeof key === 'symbol' || key === 'toJSON' ? undefined : absent(`${name}.${key}`)),
      construct: fail,
    });
  }
  globalThis.require = (name) => {
    const known = String(name).replace(/^node:/, '');
    return RealObject.hasOwn(MODULES, known) ? MODULES[known] : absent(known);
  };

  // ---- the call ----
  const NAMES = {
    decodeUplink: ['decodeUplink', 'Decoder', 'Decode', 'DecodeUplink'],
    encodeDownlink: ['encodeDownlink', 'Encoder', 'Encode', 'EncodeDownlink'],
    decodeDownlink: ['decodeDownlink', 'DecodeDownlink'],
  };
  // servers run a codec anew for each message: what it kept of one is nothing to the next, which may be another
  // device's. So its text is the body of a function, and a call begins with that
  const WANTED = ['driver', 'exports', 'module', ...Object.values(NAMES).flat()];
  const LAST = `\n;return {${WANTED.map((name) => `${name}: typeof ${name} === 'undefined' ? undefined : ${name}`)}} })`;
  let body;
  let scope;
  function begin() {
    lines = [];
    const exports = {};
    set(globalThis, 'exports', exports);
    set(globalThis, 'module', { exports });
    set(globalThis, 'context', []);
    if (body) scope = apply(body, globalThis, []);
  }
  function load(source) {
    body = evaluate(`(function () {${source}${LAST}`);
    begin();
    if (typeof scope === 'object' && scope) return '';
    // it ended itself before its end
    body = undefined;
    scope = undefined;
    return null;
  }
  function named(name) {
    try { return scope ? scope[name] : evaluate(name); } catch (error) { return undefined; }
  }
  function pick(operation) {
    const names = NAMES[operation];
    const outside = named('exports');
    const inside = named('module')?.exports;
    for (const owner of [named('driver'), outside?.driver, inside?.driver, inside, outside, outside?.default]) {
      for (const name of names) {
        if (typeof owner?.[name] === 'function') return { name, method: owner[name], owner };
      }
    }
    for (const name of names) {
      const method = named(name);
      if (typeof method === 'function') return { name, method, owner: undefined };
    }
    // a module that is one function reads uplinks
    const method = [inside, outside?.default].find((each) => typeof each === 'function');
    return operation === 'decodeUplink' && method ? { name: 'decodeUplink', method, owner: undefined } : undefined;
  }
  function called(picked, given) {
    switch (picked.name) {
      case 'Decoder': return [given.bytes, given.fPort];
      case 'Decode': return [given.fPort, given.bytes, given.variables];
      case 'Encoder': return [given.data, given.fPort];
      case 'Encode': return [given.fPort, given.data, given.variables];
      default: return [given];
    }
  }
  // a number that JSON can carry exactly stays one
  function written(key, value) {
    if (typeof value !== 'bigint') return value;
    return BigInt.asIntN(53, value) === value ? Number(value) : value.toString();
  }
  function text(value) {
    try { return stringify(value); } catch (error) {
      if (!(error instanceof TypeError) || !/bigint/i.test(error.message)) throw error;
      return stringify(value, written);
    }
  }
  begin();
  return function (operation, json) {
    if (operation === 'console') return stringify(lines);
    if (operation === 'load') return load(json);
    if (operation === 'begin') return begin();
    const picked = pick(operation);
    if (picked === undefined) return null;
    const given = parse(json);
    // one server's codecs know it as time
    given.time ??= given.recvTime;
    given.recvTime ??= given.time;
    if (typeof given.recvTime === 'string') given.recvTime = new ReceivedTime(given.recvTime);
    given.variables ??= {};
    if (given.context !== undefined) globalThis.context = given.context;
    const result = apply(picked.method, picked.owner, called(picked, given));
    if (result instanceof RealPromise) throw new TypeError('a codec must answer at once, and this gave a promise');
    // joined, not added: long sums are ropes, which do not come across to the worker
    return apply(join, [picked.name, stringify(lines), text(result) ?? 'null'], ['\n']);
  };
})();
