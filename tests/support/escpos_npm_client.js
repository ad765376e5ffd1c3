// One slip through node-thermal-printer; `node client.js tcp://HOST:PORT` prints what it was told.
const { ThermalPrinter, PrinterTypes, CharacterSet } = require("node-thermal-printer");

async function main() {
  const printer = new ThermalPrinter({
    type: PrinterTypes.EPSON,
    interface: process.argv[2],
    characterSet: CharacterSet.PC866_CYRILLIC2,
    width: 48,
    options: { timeout: 3000 },
  });
  console.log(JSON.stringify({ connected: await printer.isPrinterConnected() }));
  printer.alignCenter();
  printer.setTextDoubleHeight();
  printer.bold(true);
  printer.println("Магазин Приклад");
  printer.bold(false);
  printer.setTextNormal();
  printer.alignLeft();
  printer.drawLine();
  printer.leftRight("Сир твердий", "125,50");
  printer.tableCustom([
    { text: "Разом", align: "LEFT", width: 0.5 },
    { text: "125,50", align: "RIGHT", width: 0.5 },
  ]);
  printer.alignCenter();
  printer.printQR("https://loyalty.example/m/42", { cellSize: 6, correction: "M", model: 2 });
  printer.cut();
  await printer.execute({ waitForResponse: false });
  console.log(JSON.stringify({ done: true }));
}

main().catch((error) => { console.error(String(error)); process.exit(1); });
