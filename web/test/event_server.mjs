// A page and its stream of events, over real sockets; what the stream says is the test's.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

export const builtPage = (name) => readFileSync(fileURLToPath(new URL(`../dist/${name}.html`, import.meta.url)), 'utf8');

// A subclass has greeting(): the first message to everybody who comes.
export class EventServer {
  clients = new Set();
  opened = 0;
  status = 200;

  constructor(page) {
    this.page = page;
    this.server = createServer((request, response) => this.answer(request, response));
  }
  async listen(port = 0) {
    await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
    this.port = this.server.address().port;
    return `http://127.0.0.1:${this.port}/`;
  }
  answer(request, response) {
    if (request.url === '/') return response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', Connection: 'close' }).end(this.page);
    if (request.url !== '/events' || this.status !== 200) return response.writeHead(request.url === '/events' ? this.status : 404).end();
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' });
    response.write(`retry: 200\ndata: ${JSON.stringify(this.greeting())}\n\n`);
    this.opened += 1;
    this.clients.add(response);
    response.on('close', () => this.clients.delete(response));
  }
  send(message) {
    for (const client of this.clients) client.write(`data: ${typeof message === 'string' ? message : JSON.stringify(message)}\n\n`);
  }
  cut() {
    for (const client of this.clients) client.destroy();
  }
  async waitForClient(opened = 1) {
    for (let i = 0; i < 400 && (this.opened < opened || this.clients.size === 0); ++i) await new Promise((done) => setTimeout(done, 10));
  }
  async close() {
    this.cut();
    this.server.closeAllConnections?.();
    await new Promise((done) => this.server.close(done));
  }
}
