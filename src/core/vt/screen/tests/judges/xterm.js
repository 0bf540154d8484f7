// Reads streams from standard input, one JSON object a line, and writes what xterm.js shows after each:
// {"cols":..,"rows":..,"bytes":"BASE64"} to {"rows":[[[TEXT,WIDTH,FOREGROUND,BACKGROUND,[ATTRIBUTE..]]..]..],"cursor":[ROW,COLUMN]}
const { Terminal } = require('@xterm/headless');
const { Unicode11Addon } = require('@xterm/addon-unicode11');

const ATTRIBUTES = {
  bold: 'isBold',
  faint: 'isDim',
  italic: 'isItalic',
  underline: 'isUnderline',
  blink: 'isBlink',
  inverse: 'isInverse',
  conceal: 'isInvisible',
  strikethrough: 'isStrikethrough',
  overline: 'isOverline',
};

// A colour is null, its index in the palette, or its components.
function colour(cell, which) {
  const value = cell[`get${which}Color`]();
  if (cell[`is${which}Default`]()) return null;
  return cell[`is${which}Palette`]() ? [value] : [value >> 16, (value >> 8) & 255, value & 255];
}

function view(cell) {
  const attributes = Object.keys(ATTRIBUTES).filter((name) => cell[ATTRIBUTES[name]]());
  return [cell.getChars(), cell.getWidth(), colour(cell, 'Fg'), colour(cell, 'Bg'), attributes];
}

function show(request, answer) {
  const { cols, rows, bytes } = request;
  const terminal = new Terminal({ cols, rows, scrollback: 100, allowProposedApi: true });
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = '11';
  terminal.write(Buffer.from(bytes, 'base64'), () => {
    const buffer = terminal.buffer.active;
    const row = (y) => {
      const line = buffer.getLine(buffer.baseY + y);
      return Array.from({ length: cols }, (_, x) => view(line.getCell(x)));
    };
    answer({ rows: Array.from({ length: rows }, (_, y) => row(y)), cursor: [buffer.cursorY, buffer.cursorX] });
    terminal.dispose();
  });
}

// A few sequences make xterm.js fail: its answer is then null.
process.on('uncaughtException', () => process.stdout.write('null\n'));

require('readline')
  .createInterface({ input: process.stdin })
  .on('line', (line) => show(JSON.parse(line), (shown) => process.stdout.write(`${JSON.stringify(shown)}\n`)));
