# One image for the server and for the worker; the command tells them apart.
FROM node:24-slim AS packages
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json .npmrc ./
COPY .ci ./.ci
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
# The program runs as a user of its own, who owns its data and nothing else.
RUN useradd --create-home --uid 10001 duecast && install -d -o duecast -g duecast -m 0700 /data
COPY --from=packages /app/node_modules ./node_modules
COPY package.json tsconfig.json ./
COPY src ./src
COPY workers ./workers
COPY templates ./templates
COPY drizzle ./drizzle
USER duecast
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1 and gets the signals: `docker stop` lets it finish what is in hand.
CMD ["node", "--max-semi-space-size=32", "--heap-growing-percent=50", "--import", "tsx", "src/main.ts"]
