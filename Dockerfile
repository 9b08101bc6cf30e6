# The image that charts/teal runs: both daemons, the command line, Helm for fleets with charts, and git for `teal retire`.
# Built at the repository's root: docker build -t teal:0.1.0 .
# Written without a container engine at hand: its commands were run one by one, the whole was not yet built by anyone.
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package teal-agent --package teal-switcher --package teal-cli

FROM golang:1.26-bookworm AS helm
COPY hack/helm /src
WORKDIR /src
RUN version=$(go list -m -f '{{.Version}}' helm.sh/helm/v4) && CGO_ENABLED=0 go build -trimpath -o /helm \
    -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$version" helm.sh/helm/v4/cmd/helm

FROM debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates git openssh-client && rm -rf /var/lib/apt/lists/*
USER 65532:65532
COPY --from=helm /helm /usr/local/bin/helm
COPY --from=build /src/target/release/teal-agent /src/target/release/teal-switcher /src/target/release/teal /usr/local/bin/
CMD ["teal", "--help"]
