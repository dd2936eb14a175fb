// What codecs expect to find around them, and how one of their functions is called. The value of this
// script is the function that the worker calls. It keeps what it needs of the language, so that a codec that
// changes Array or JSON for itself changes nothing here; and nothing that a codec defines is in its way.
(function () {
  'use strict';
  const { parse, stringify } = JSON;
  const { apply, ownKeys } = Reflect;
  const { min } = Math;
  const evaluate = eval; // called by this name it sees what the codec declared, with whatever keyword
  const RealDate = Date;
  const RealPromise = Promise;
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
  globalThis.console = {
    log: say(''), info: say(''), debug: say(''), trace: say(''), warn: say('warning: '), error: say('error: '),
  };

  // ---- text ----
  const latin1 = (bytes) => {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  };
  const utf8 = (bytes) => {
    const text = latin1(bytes);
    try { return decodeURIComponent(escape(text)); } catch (error) { return text.replace(/[\x80-\xff]/g, '\ufffd'); }
  };
  const octets = (text) => unescape(encodeURIComponent(text.toWellFormed()));
  globalThis.TextEncoder = class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(text = '') { return Uint8Array.from(octets(String(text)), (each) => each.charCodeAt(0)); }
  };
  globalThis.TextDecoder = class TextDecoder {
    constructor(label = 'utf-8') { this.encoding = String(label).toLowerCase(); }
    decode(bytes) {
      if (bytes === undefined) return '';
      const view = ArrayBuffer.isView(bytes)
        ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
      return /^(ascii|us-ascii|latin1|iso-8859-1|windows-1252)$/.test(this.encoding) ? latin1(view) : utf8(view);
    }
  };

  // ---- Buffer: what codecs use of Node's ----
  class Buffer extends Uint8Array {
    constructor(given, how, length) {
      if (typeof given === 'string') super(Buffer.from(given, how));
      else super(given, how, length);
    }
    static from(given, how, length) {
      if (typeof given === 'string') {
        const name = String(how ?? 'utf8').toLowerCase();
        if (name === 'hex') {
          return super.from((/^([0-9a-f]{2})*/i.exec(given)[0].match(/../g) ?? []), (pair) => parseInt(pair, 16));
        }
        const text = name === 'base64' || name === 'base64url'
          ? atob(given.replace(/-/g, '+').replace(/_/g, '/').replace(/[^A-Za-z0-9+/]/g, ''))
          : name === 'ascii' || name === 'latin1' || name === 'binary' ? given : octets(given);
        return super.from(text, (each) => each.charCodeAt(0) & 255);
      }
      if (given instanceof ArrayBuffer) return new Buffer(given, how, length);
      if (given !== null && given.type === 'Buffer' && Array.isArray(given.data)) return super.from(given.data);
      return super.from(given);
    }
    static alloc(length, fill) { return new Buffer(length).fill(fill ?? 0); }
    static allocUnsafe(length) { return new Buffer(length); }
    static isBuffer(given) { return given instanceof Buffer; }
    static byteLength(given, how) { return Buffer.from(given, how).length; }
    static concat(list, length) {
      const all = list.flatMap((each) => Array.from(each));
      const joined = Buffer.alloc(length ?? all.length);
      joined.set(all.slice(0, joined.length));
      return joined;
    }
    slice(start, end) { return this.subarray(start, end); }
    equals(other) { return this.length === other.length && this.every((byte, place) => byte === other[place]); }
    copy(target, at = 0, start = 0, end = this.length) {
      const part = this.subarray(start, min(end, start + target.length - at));
      target.set(part, at);
      return part.length;
    }
    write(text, at = 0, ...rest) {
      const how = rest.find((each) => typeof each === 'string');
      const length = rest.find((each) => typeof each === 'number') ?? this.length - at;
      return Buffer.from(text, how).copy(this, at, 0, length);
    }
    toString(how, start, end) {
      const part = this.subarray(start ?? 0, end);
      switch (String(how ?? 'utf8').toLowerCase()) {
        case 'hex': return Array.from(part, (byte) => (256 + byte).toString(16).slice(1)).join('');
        case 'base64': return btoa(latin1(part));
        case 'ascii': return latin1(part.map((byte) => byte & 127));
        case 'latin1': case 'binary': return latin1(part);
        default: return utf8(part);
      }
    }
    toJSON() { return { type: 'Buffer', data: Array.from(this) }; }
    readUIntBE(at, length) { return within(this, at, length).reduce((sum, byte) => sum * 256 + byte, 0); }
    readUIntLE(at, length) { return within(this, at, length).reduceRight((sum, byte) => sum * 256 + byte, 0); }
    readIntBE(at, length) { return signed(this.readUIntBE(at, length), length); }
    readIntLE(at, length) { return signed(this.readUIntLE(at, length), length); }
    writeUIntBE(value, at, length) { return put(this, value, at, length, (place) => length - 1 - place); }
    writeUIntLE(value, at, length) { return put(this, value, at, length, (place) => place); }
    writeIntBE(value, at, length) { return this.writeUIntBE(value < 0 ? value + 256 ** length : value, at, length); }
    writeIntLE(value, at, length) { return this.writeUIntLE(value < 0 ? value + 256 ** length : value, at, length); }
  }
  function within(buffer, at, length) {
    const start = at >>> 0;
    if (start + length > buffer.length) throw new RangeError('the offset is outside of the buffer');
    return Array.from(buffer.subarray(start, start + length));
  }
  function signed(value, length) { return value >= 2 ** (8 * length - 1) ? value - 2 ** (8 * length) : value; }
  function put(buffer, value, at, length, placed) {
    const start = at >>> 0;
    within(buffer, start, length);
    let rest = value;
    for (let place = 0; place < length; place += 1) {
      buffer[start + placed(place)] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return start + length;
  }
  const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  const define = (name, method) => Object.defineProperty(Buffer.prototype, name, {
    value: method, writable: true, configurable: true,
  });
  for (const [name, kind, size] of [
    ['UInt8', 'Uint8', 1], ['Int8', 'Int8', 1], ['UInt16', 'Uint16', 2], ['Int16', 'Int16', 2],
    ['UInt32', 'Uint32', 4], ['Int32', 'Int32', 4], ['BigUInt64', 'BigUint64', 8], ['BigInt64', 'BigInt64', 8],
    ['Float', 'Float32', 4], ['Double', 'Float64', 8],
  ]) {
    for (const order of size === 1 ? [''] : ['LE', 'BE']) {
      const read = function (at) { return view(this)['get' + kind](at ?? 0, order === 'LE'); };
      const write = function (value, at) {
        view(this)['set' + kind](at ?? 0, value, order === 'LE');
        return (at ?? 0) + size;
      };
      // Node knows both readUInt8 and readUint8
      for (const spelt of [name, name.replace('UInt', 'Uint')]) {
        define('read' + spelt + order, read);
        define('write' + spelt + order, write);
      }
    }
  }
  globalThis.Buffer = Buffer;

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

  // ---- modules' names, and the call ----
  globalThis.exports = {};
  globalThis.module = { exports: globalThis.exports };
  globalThis.context = [];
  const NAMES = {
    decodeUplink: ['decodeUplink', 'Decoder', 'Decode'],
    encodeDownlink: ['encodeDownlink', 'Encoder', 'Encode'],
    decodeDownlink: ['decodeDownlink'],
  };
  const found = Object.create(null);
  function named(name) {
    try { return evaluate(name); } catch (error) { return undefined; }
  }
  function pick(operation) {
    const names = NAMES[operation];
    const outside = named('exports');
    const inside = named('module')?.exports;
    for (const owner of [named('driver'), outside?.driver, inside?.driver, inside, outside]) {
      for (const name of names) {
        if (typeof owner?.[name] === 'function') return { name, method: owner[name], owner };
      }
    }
    for (const name of names) {
      const method = named(name);
      if (typeof method === 'function') return { name, method, owner: undefined };
    }
    return undefined;
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
  return function (operation, json) {
    if (operation === 'console') return stringify(lines);
    lines = [];
    const picked = (found[operation] ??= pick(operation));
    if (picked === undefined) return null;
    const given = parse(json);
    if (typeof given.recvTime === 'string') given.recvTime = new ReceivedTime(given.recvTime);
    given.variables ??= {};
    if (given.context !== undefined) globalThis.context = given.context;
    const result = apply(picked.method, picked.owner, called(picked, given));
    if (result instanceof RealPromise) throw new TypeError('a codec must answer at once, and this gave a promise');
    // joined, not added: long sums are ropes, which do not come across to the worker
    return apply(join, [picked.name, stringify(lines), text(result) ?? 'null'], ['\n']);
  };
})();
