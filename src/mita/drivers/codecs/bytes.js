// Text and bytes as codecs find them elsewhere: TextEncoder and TextDecoder, and what codecs use of Node's Buffer.
// The rules are those of Node's documentation; where a place is no whole number it is cut, as in browsers.
(function () {
  'use strict';
  const { min, floor } = Math;

  // ---- text ----
  const latin1 = (bytes) => {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  };
  // what is no UTF-8 becomes U+FFFD, as much of it at once as the Encoding Standard says
  function mended(bytes) {
    let text = '';
    for (let at = 0; at < bytes.length;) {
      const first = bytes[at];
      at += 1;
      let left = first < 0x80 ? 0 : first < 0xc2 || first > 0xf4 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
      let point = left < 1 ? first : first & (0x3f >> left);
      let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
      let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
      for (; left > 0 && bytes[at] >= low && bytes[at] <= high; left -= 1, at += 1) {
        point = (point << 6) | (bytes[at] & 0x3f);
        low = 0x80;
        high = 0xbf;
      }
      text += left ? '\ufffd' : String.fromCodePoint(point);
    }
    return text;
  }
  const utf8 = (bytes) => {
    try { return decodeURIComponent(escape(latin1(bytes))); } catch (error) { return mended(bytes); }
  };
  const utf16 = (bytes) => {
    let text = '';
    for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at] + 256 * bytes[at + 1]);
    return text;
  };
  const octets = (text) => unescape(encodeURIComponent(text.toWellFormed()));
  const codes = (text) => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));

  globalThis.TextEncoder = class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(text = '') { return Uint8Array.from(codes(octets(String(text)))); }
    encodeInto(text, target) {
      let read = 0;
      let written = 0;
      for (const sign of String(text)) {
        const bytes = this.encode(sign);
        if (written + bytes.length > target.length) break;
        target.set(bytes, written);
        read += sign.length;
        written += bytes.length;
      }
      return { read, written };
    }
  };

  const LABELS = [
    ['utf-8', /^(utf-?8|unicode-1-1-utf-8)$/],
    ['utf-16le', /^(utf-16(le)?|ucs-2|unicode|iso-10646-ucs-2)$/],
    ['windows-1252', /^(us-)?ascii$|^latin1$|^l1$|^iso-?8859-?1$|^(windows-|cp|x-cp)1252$/],
  ];
  globalThis.TextDecoder = class TextDecoder {
    constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
      const wanted = String(label).trim().toLowerCase();
      const known = LABELS.find(([, labels]) => labels.test(wanted));
      if (!known) throw new RangeError(`the encoding ${label} is not known`);
      Object.assign(this, { encoding: known[0], fatal, ignoreBOM });
    }
    decode(bytes) {
      if (bytes === undefined) return '';
      const view = ArrayBuffer.isView(bytes)
        ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
      if (this.encoding === 'windows-1252') return latin1(view);
      if (this.fatal && this.encoding === 'utf-8') {
        try { decodeURIComponent(escape(latin1(view))); } catch (error) { throw new TypeError('this is no UTF-8'); }
      }
      const text = this.encoding === 'utf-8' ? utf8(view) : utf16(view);
      return this.ignoreBOM ? text : text.replace(/^\ufeff/, '');
    }
  };

  // ---- how bytes are written as text ----
  const pairs = (text) => /^([0-9a-f]{2})*/i.exec(text)[0].match(/../g) ?? [];
  function unpacked(text) {
    const signs = text.split('=')[0].replace(/-/g, '+').replace(/_/g, '/').replace(/[^A-Za-z0-9+/]/g, '');
    // one sign alone is less than a byte
    return codes(atob(signs.length % 4 === 1 ? signs.slice(0, -1) : signs));
  }
  const base64 = (bytes) => btoa(latin1(bytes));
  const low = (text) => codes(text).map((code) => code & 255);
  const WAYS = {
    utf8: [(text) => codes(octets(text)), utf8],
    hex: [
      (text) => pairs(text).map((pair) => parseInt(pair, 16)),
      (bytes) => Array.from(bytes, (byte) => (256 + byte).toString(16).slice(1)).join(''),
    ],
    base64: [unpacked, base64],
    base64url: [unpacked, (b) => base64(b).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')],
    ascii: [low, (bytes) => latin1(Array.from(bytes, (byte) => byte & 127))],
    latin1: [low, latin1],
    utf16le: [(text) => codes(text).flatMap((code) => [code & 255, code >> 8]), utf16],
  };
  const ALSO = { 'utf-8': 'utf8', binary: 'latin1', ucs2: 'utf16le', 'ucs-2': 'utf16le', 'utf-16le': 'utf16le' };
  const way = (how) => {
    const name = String(how ?? 'utf8').toLowerCase();
    return WAYS[ALSO[name] ?? name];
  };
  function wayOf(how) {
    const found = way(how);
    if (!found) throw new TypeError(`Unknown encoding: ${how}`);
    return found;
  }

  // ---- Buffer ----
  class Buffer extends Uint8Array {
    constructor(given, how, length) {
      if (typeof given === 'string') super(wayOf(how)[0](given));
      else super(given, how, length);
    }
    static from(given, how, length) {
      if (typeof given === 'string') return super.from(wayOf(how)[0](given));
      if (given instanceof ArrayBuffer) return new Buffer(given, how, length);
      if (given === null || (typeof given !== 'object' && typeof given !== 'function')) {
        throw new TypeError('a Buffer is made from a text, a list or other bytes');
      }
      if (given.type === 'Buffer' && Array.isArray(given.data)) return super.from(given.data);
      const value = given.length === undefined || given instanceof String ? given.valueOf() : given;
      return value === given ? super.from(given) : Buffer.from(value, how, length);
    }
    static alloc(length, fill, how) { return new Buffer(length).fill(fill ?? 0, how); }
    static allocUnsafe(length) { return new Buffer(length); }
    static allocUnsafeSlow(length) { return new Buffer(length); }
    static isBuffer(given) { return given instanceof Buffer; }
    static isEncoding(how) { return typeof how === 'string' && way(how) !== undefined; }
    static byteLength(given, how) {
      return typeof given === 'string' ? wayOf(how)[0](given).length : given.byteLength;
    }
    static compare(one, other) { return Buffer.from(one).compare(other); }
    static concat(list, length) {
      const all = list.flatMap((each) => Array.from(each));
      const joined = Buffer.alloc(length ?? all.length);
      joined.set(all.slice(0, joined.length));
      return joined;
    }
    get parent() { return this.buffer; }
    get offset() { return this.byteOffset; }
    slice(start, end) { return this.subarray(start, end); }
    equals(other) { return this.compare(other) === 0; }
    compare(other, start = 0, end = other.length, at = 0, until = this.length) {
      const [one, two] = [this.subarray(at, until), other.subarray(start, end)];
      const place = one.findIndex((byte, k) => byte !== two[k]);
      // where one ends first it is the smaller
      const [a, b] = place < 0 ? [one.length, two.length] : [one[place], two[place] ?? -1];
      return a < b ? -1 : Number(a > b);
    }
    copy(target, at = 0, start = 0, end = this.length) {
      const part = this.subarray(start, min(end, start + target.length - at));
      target.set(part, at);
      return part.length;
    }
    fill(value, start, end, how) {
      if (typeof start === 'string') return this.fill(value, 0, this.length, start);
      if (typeof end === 'string') return this.fill(value, start, this.length, end);
      if (typeof value === 'number' || typeof value === 'boolean') return super.fill(value & 255, start, end);
      const pattern = typeof value === 'string' ? wayOf(how)[0](value) : value;
      if (pattern.length === 0 && how === 'hex') throw new TypeError('there is nothing to fill with');
      const part = this.subarray(start, end);
      for (let at = 0; at < part.length; at += 1) part[at] = pattern.length ? pattern[at % pattern.length] : 0;
      return this;
    }
    indexOf(value, start = 0, how) { return sought(this, value, start, how, 'indexOf'); }
    lastIndexOf(value, start = this.length, how) { return sought(this, value, start, how, 'lastIndexOf'); }
    includes(value, start, how) { return this.indexOf(value, start, how) !== -1; }
    swap16() { return swapped(this, 2); }
    swap32() { return swapped(this, 4); }
    swap64() { return swapped(this, 8); }
    write(text, ...rest) {
      const how = rest.find((each) => typeof each === 'string');
      const [at = 0, length = this.length - at] = rest.filter((each) => typeof each === 'number');
      return Buffer.from(text, how).copy(this, at, 0, length);
    }
    toString(how, start = 0, end = this.length) {
      return wayOf(how)[1](start < end ? this.subarray(start < 0 ? 0 : start, end) : []);
    }
    toLocaleString(how, start, end) { return this.toString(how, start, end); }
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
  function sought(buffer, value, start, how, find) {
    const at = typeof start === 'string' ? undefined : start;
    // a sign of Latin-1 is a byte: texts know how to look for several at once
    const text = typeof value === 'number' ? String.fromCharCode(value & 255)
      : latin1(typeof value === 'string' ? wayOf(typeof start === 'string' ? start : how)[0](value) : value);
    return latin1(buffer)[find](text, at < 0 ? at + buffer.length : at);
  }
  function swapped(buffer, size) {
    if (buffer.length % size) throw new RangeError(`the length is no multiple of ${size}`);
    for (let at = 0; at < buffer.length; at += size) buffer.subarray(at, at + size).reverse();
    return buffer;
  }
  function within(buffer, at, length) {
    const start = at >>> 0;
    if (!(length >= 1 && length <= 6)) throw new RangeError('one to six bytes are a number');
    if (start + length > buffer.length) throw new RangeError('the offset is outside of the buffer');
    return Array.from(buffer.subarray(start, start + length));
  }
  function signed(value, length) { return value >= 2 ** (8 * length - 1) ? value - 2 ** (8 * length) : value; }
  function put(buffer, value, at, length, placed) {
    const start = at >>> 0;
    within(buffer, start, length);
    if (value < 0 || value >= 256 ** length) throw new RangeError('the value does not fit');
    let rest = floor(value);
    for (let place = 0; place < length; place += 1) {
      buffer[start + placed(place)] = rest % 256;
      rest = floor(rest / 256);
    }
    return start + length;
  }
  const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  const define = (name, method) => Object.defineProperty(Buffer.prototype, name, {
    value: method, writable: true, configurable: true,
  });
  for (const [name, kind, size, least, most] of [
    ['UInt8', 'Uint8', 1, 0, 255], ['Int8', 'Int8', 1, -128, 127],
    ['UInt16', 'Uint16', 2, 0, 65_535], ['Int16', 'Int16', 2, -32_768, 32_767],
    ['UInt32', 'Uint32', 4, 0, 4_294_967_295], ['Int32', 'Int32', 4, -2_147_483_648, 2_147_483_647],
    ['BigUInt64', 'BigUint64', 8, 0n, 2n ** 64n - 1n], ['BigInt64', 'BigInt64', 8, -(2n ** 63n), 2n ** 63n - 1n],
    ['Float', 'Float32', 4, -Infinity, Infinity], ['Double', 'Float64', 8, -Infinity, Infinity],
  ]) {
    for (const order of size === 1 ? [''] : ['LE', 'BE']) {
      const read = function (at) { return view(this)['get' + kind](at ?? 0, order === 'LE'); };
      const write = function (value, at) {
        if (value < least || value > most) throw new RangeError('the value does not fit');
        view(this)['set' + kind](at ?? 0, value, order === 'LE');
        return (at ?? 0) + size;
      };
      define('read' + name + order, read);
      define('write' + name + order, write);
    }
  }
  // Node knows both readUInt8 and readUint8
  for (const name of Object.getOwnPropertyNames(Buffer.prototype)) {
    if (name.includes('UInt')) define(name.replace('UInt', 'Uint'), Buffer.prototype[name]);
  }
  Buffer.poolSize = 8192;
  // Buffer(4) is new Buffer(4)
  globalThis.Buffer = new Proxy(Buffer, { apply: (target, _, given) => new target(...given) });
  Object.defineProperty(Buffer.prototype, 'constructor', { value: globalThis.Buffer, writable: true, configurable: true });
})();
