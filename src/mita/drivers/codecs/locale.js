// Dates and numbers in words, as the engines say them that codecs are written for. QuickJS knows one language
// and no options. Languages here are those of the table; any other is told as English. There is one zone, UTC.
(function () {
  'use strict';
  const { toString, toTimeString } = Date.prototype;
  const { toFixed } = Number.prototype;
  const invalid = 'Invalid Date';
  const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
    'November', 'December'];
  const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
  // the date, what stands before the time, whether noon is 12 PM, signs for thousands and for the decimals
  const LANGUAGES = {
    en: ['M/D/Y', ', ', true, ',', '.'],
    'en-GB': ['DD/MM/Y', ', ', false, ',', '.'],
    'en-AU': ['DD/MM/Y', ', ', true, ',', '.'],
    'en-CA': ['Y-MM-DD', ', ', true, ',', '.'],
    'en-ZA': ['Y/MM/DD', ', ', false, '\u00a0', ','],
    de: ['D.M.Y', ', ', false, '.', ','],
    'de-CH': ['D.M.Y', ', ', false, '\u2019', '.'],
    es: ['D/M/Y', ', ', false, '.', ','],
    fr: ['DD/MM/Y', ' ', false, '\u202f', ','],
    it: ['D/M/Y', ', ', false, '.', ','],
    nl: ['D-M-Y', ', ', false, '.', ','],
    pl: ['D.MM.Y', ', ', false, '\u00a0', ','],
    'pt-BR': ['DD/MM/Y', ', ', false, '.', ','],
    sv: ['Y-MM-DD', ' ', false, '\u00a0', ','],
  };
  const language = (locales) => {
    const wanted = String((Array.isArray(locales) ? locales[0] : locales) ?? 'en');
    return LANGUAGES[wanted] ?? LANGUAGES[wanted.slice(0, 2)] ?? LANGUAGES.en;
  };
  const two = (value) => String(value).padStart(2, '0');

  // ---- dates ----
  function dated(date, options, pattern) {
    const { weekday, year, month, day } = options;
    const of = {
      Y: year === '2-digit' ? two(date.getUTCFullYear() % 100) : String(date.getUTCFullYear()),
      M: date.getUTCMonth() + 1,
      D: date.getUTCDate(),
    };
    const named = weekday && (weekday === 'long' ? DAYS : DAYS.map((each) => each.slice(0, 3)))[date.getUTCDay()];
    if (month === 'long' || month === 'short') {
      const name = MONTHS[date.getUTCMonth()].slice(0, month === 'short' ? 3 : undefined);
      const digits = day === '2-digit' ? two(of.D) : of.D;
      const isAmerican = pattern === LANGUAGES.en[0];
      const rest = isAmerican ? [name, day && digits] : [day && digits, name];
      const text = rest.filter(Boolean).join(' ') + (year ? (isAmerican && day ? ', ' : ' ') + of.Y : '');
      return named ? `${named}, ${text}` : text;
    }
    const asked = { Y: year, M: month, D: day };
    const text = pattern.match(/[^A-Z]|[A-Z]+/g).reduce((parts, each) => {
      const key = each[0];
      if (asked[key]) parts.push(key !== 'Y' && (each.length > 1 || asked[key] === '2-digit') ? two(of[key]) : of[key]);
      return parts;
    }, []).join(/[^A-Z]/.exec(pattern)[0]);
    return [named, text].filter(Boolean).join(', ');
  }
  function timed(date, { hour, minute, second, hour12 }, isTwelve) {
    const twelve = hour12 ?? isTwelve;
    const hours = date.getUTCHours();
    const shown = twelve ? hours % 12 || 12 : hours;
    const parts = [hour && (!twelve && minute ? two(shown) : hour === '2-digit' ? two(shown) : shown),
      minute && (hour || second ? two(date.getUTCMinutes()) : date.getUTCMinutes()),
      second && (minute ? two(date.getUTCSeconds()) : date.getUTCSeconds())];
    const text = parts.filter((each) => each !== undefined && each !== false).join(':');
    return hour && twelve ? `${text} ${hours < 12 ? 'AM' : 'PM'}` : text;
  }
  const STYLES = {
    dateStyle: {
      full: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
      long: { year: 'numeric', month: 'long', day: 'numeric' },
      medium: { year: 'numeric', month: 'short', day: 'numeric' },
      short: { year: '2-digit', month: 'numeric', day: 'numeric' },
    },
    timeStyle: {
      long: { hour: 'numeric', minute: 'numeric', second: 'numeric' },
      medium: { hour: 'numeric', minute: 'numeric', second: 'numeric' },
      short: { hour: 'numeric', minute: 'numeric' },
    },
  };
  const DATE = { year: 'numeric', month: 'numeric', day: 'numeric' };
  const TIME = { hour: 'numeric', minute: 'numeric', second: 'numeric' };
  const asks = (options, names) => names.some((name) => options[name] !== undefined);
  // undefined stands for an option that is not asked for
  const given = (options) => (options === null || typeof options !== 'object' ? {} : options);
  function options(told, always, standard) {
    const wanted = {
      ...STYLES.dateStyle[told.dateStyle], ...STYLES.timeStyle[told.timeStyle],
      ...Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)),
    };
    const whole = ['weekday', 'year', 'month', 'day', 'hour', 'minute', 'second'];
    const needed = always === DATE ? whole.slice(0, 4) : always === TIME ? whole.slice(4) : whole;
    return asks(wanted, needed) ? wanted : { ...standard, ...wanted };
  }
  function said(date, locales, told, always, standard) {
    if (Number.isNaN(date.getTime())) return invalid;
    const zone = told.timeZone;
    if (zone !== undefined && !/^(utc|gmt|etc\/(utc|gmt))$/i.test(zone)) {
      console.warn(`the zone ${zone} is not known here: times are told in UTC`);
    }
    const [pattern, between, isTwelve] = language(locales);
    const wanted = options(told, always, standard);
    const parts = [
      asks(wanted, ['weekday', 'year', 'month', 'day']) ? dated(date, wanted, pattern) : '',
      asks(wanted, ['hour', 'minute', 'second']) ? timed(date, wanted, isTwelve) : '',
    ];
    return parts.filter(Boolean).join(between);
  }
  const ways = {
    toLocaleString(locales, told) { return said(this, locales, given(told), undefined, { ...DATE, ...TIME }); },
    toLocaleDateString(locales, told) { return said(this, locales, given(told), DATE, DATE); },
    toLocaleTimeString(locales, told) { return said(this, locales, given(told), TIME, TIME); },
    toString() { return Number.isNaN(this.getTime()) ? invalid : `${toString.call(this)} (Coordinated Universal Time)`; },
    toTimeString() {
      return Number.isNaN(this.getTime()) ? invalid : `${toTimeString.call(this)} (Coordinated Universal Time)`;
    },
  };

  // ---- numbers ----
  function counted(value, locales, told) {
    const { minimumIntegerDigits = 1, useGrouping = true } = told;
    const [, , , thousands, mark] = language(locales);
    if (typeof value === 'number' && !Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value < 0 ? '-∞' : '∞';
    const least = told.minimumFractionDigits ?? 0;
    const most = told.maximumFractionDigits ?? Math.max(least, 3);
    const digits = typeof value === 'bigint' ? String(value) : halved(value, most);
    const [whole, parts = ''] = digits.replace('-', '').split('.');
    const kept = parts.replace(/0+$/, '').padEnd(least, '0');
    const padded = whole.padStart(minimumIntegerDigits, '0');
    const text = useGrouping ? padded.replace(/\B(?=(\d{3})+$)/g, thousands) : padded;
    return (digits[0] === '-' ? '-' : '') + text + (kept && mark + kept);
  }
  // what looks like a half goes away from zero, whatever its double is
  function halved(value, places) {
    const [, sign, digits, power = '0'] = /^(-?)([\d.]+)(?:e(.+))?$/.exec(String(value));
    const shifted = Math.round(Number(`${digits}e${Number(power) + places}`));
    return Number.isSafeInteger(shifted) ? sign + toFixed.call(Number(`${shifted}e-${places}`), places)
      : toFixed.call(value, places);
  }
  for (const kind of [Number, BigInt]) {
    Object.defineProperty(kind.prototype, 'toLocaleString', {
      value(locales, told) { return counted(this.valueOf(), locales, given(told)); }, writable: true, configurable: true,
    });
  }
  for (const [name, value] of Object.entries(ways)) {
    Object.defineProperty(Date.prototype, name, { value, writable: true, configurable: true });
  }

  // ---- Intl: only what the above can do ----
  function maker(make) { return function (locales, told) { return make(locales, given(told)); }; }
  globalThis.Intl = {
    DateTimeFormat: maker((locales, told) => ({
      format: (date) => said(new Date(date ?? Date.now()), locales, told, undefined, DATE),
      resolvedOptions: () => ({ locale: String(locales ?? 'en-US'), timeZone: 'UTC' }),
    })),
    NumberFormat: maker((locales, told) => ({ format: (value) => counted(value, locales, told) })),
  };
})();
