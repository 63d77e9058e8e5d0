# skitter - every habit is a target. `make help` lists them.
#
#   make crawl [URL=...]   set up, build, crawl
#   make test              set up, build, run every test
#
# BUILD=DIR keeps several configurations side by side.

BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
VERSION  := 0.1.0
ifeq ($(origin CC),default)
CC       := gcc
endif
# Where the external test data is; absent = those cases are skipped, and said so.
CONFORMANCE  ?= ../shared/conformance
FUZZ_SECONDS ?= 30
CORES    := $(shell nproc 2>/dev/null || echo 2)
# A make started without -j uses every core.
PARALLEL  = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(CORES))
AGAIN     = +@$(MAKE) --no-print-directory $(PARALLEL)

# V=1 shows whole command lines.
ifneq ($(V),1)
SAY = @printf '%-7s %s\n' $(1) $(2);
endif

.DELETE_ON_ERROR:
.PHONY: all
all: $(BUILD)/skitter

# ---- the rooms ---------------------------------------------------------------
ROOMS    := config workers page fakeweb storage crawler
SRC_config  := $(wildcard config/*.c)
SRC_workers := $(wildcard workers/*.c)
SRC_page    := $(wildcard crawler/page/*.c)
SRC_fakeweb := $(wildcard crawler/fakeweb/*.c)
SRC_storage := $(wildcard storage/*.c)
SRC_crawler := $(filter-out crawler/main.c,$(wildcard crawler/*.c))
ASM_workers := $(wildcard workers/*.S)

# What each room may see (make layers checks the includes, this the symbols).
LIB_config  := $(BUILD)/config.a
LIB_workers := $(BUILD)/workers.a $(LIB_config)
LIB_page    := $(BUILD)/page.a $(LIB_config)
LIB_fakeweb := $(BUILD)/fakeweb.a $(LIB_workers)
LIB_storage := $(BUILD)/storage.a $(LIB_workers)
LIB_crawler := $(BUILD)/crawler.a $(BUILD)/fakeweb.a $(BUILD)/page.a $(LIB_storage)

# ---- flags -------------------------------------------------------------------
# Those with the most symbols first: the dynamic linker looks for each in this order, in every process anew.
PKGS     := libcrypto sqlite3 libevent libevent_pthreads libidn2 libpsl zlib libdeflate libzstd libbrotlidec \
            yaml-0.1 expat libpcre2-8 libseccomp jansson libssl
# Loaded, not linked, by those that fetch: see crawler/libcurl.c.
LOADED   := libcurl

WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings
OPT      ?= -O2
CPPFLAGS += -D_GNU_SOURCE -DSKITTER_VERSION='"$(VERSION)"' -I. -I$(BUILD)
CFLAGS   += -std=c11 -g $(OPT) -fno-omit-frame-pointer -fstack-protector-strong -fno-strict-aliasing -pthread $(WARN)
LDFLAGS  += -pthread
ifeq ($(DEV),1)
CFLAGS   += -Werror
endif
ifneq ($(SANITIZE),)
CFLAGS   += -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined
LDFLAGS  += -fsanitize=$(SANITIZE)
endif
ifeq ($(FUZZ),1)
CFLAGS   += -fsanitize=fuzzer-no-link
endif
ifeq ($(CO),ucontext)
CPPFLAGS += -DCO_UCONTEXT
endif

# What pkg-config says, asked once per build folder and only by goals that compile:
# the goals that set up first (crawl, test, ...) come here by a second make, after the
# packages are in place.
OUTER := crawl test check test-full asan ubsan tsan valgrind ucontext fuzz bench deps deps-test deps-full deps-bench deps-report report-check pictures layers tidy dist clean help uninstall docker docker-test
ifneq ($(filter-out $(OUTER),$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/flags.mk
endif

$(BUILD)/flags.mk: Makefile
	@mkdir -p $(@D)
	@pkg-config --exists --print-errors $(PKGS) $(LOADED) || \
		{ echo "make: a library or pkg-config is missing; 'make deps' installs what skitter needs" >&2; exit 1; }
	@{ echo "PKG_CFLAGS := $$(pkg-config --cflags $(PKGS) $(LOADED))"; \
	   echo "PKG_LIBS := $$(pkg-config --libs $(PKGS)) -lunistring -lm -lresolv"; } > $@

# ---- objects and archives ----------------------------------------------------
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter %.c,$(1))) $(patsubst %.S,$(BUILD)/obj/%.o,$(filter %.S,$(1)))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/%.o: %.S
	@mkdir -p $(@D)
	$(call SAY,AS,$<)$(CC) $(CPPFLAGS) -g -c $< -o $@

# Included by the assembler, which no dependency file sees.
$(BUILD)/obj/storage/schema.o: storage/schema.sql
$(BUILD)/obj/storage/report_page.o: storage/report.css storage/report.js

define archive
$(BUILD)/$(1).a: $(call obj,$(SRC_$(1)) $(ASM_$(1)))
	@rm -f $$@
	$$(call SAY,AR,$$@)$(AR) rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call archive,$(r))))

$(BUILD)/skitter: $(BUILD)/obj/crawler/main.o $(LIB_crawler)
	$(call SAY,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# ---- unit tests: tests/unit/ROOM/test_NAME.c sees only what ROOM may see -------
UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNIT     := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SRC))

define unit_rule
$(BUILD)/tests/unit/$(1)/%: $(BUILD)/obj/tests/unit/$(1)/%.o $$(LIB_$(1))
	@mkdir -p $$(@D)
	$$(call SAY,LD,$$@)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(PKG_LIBS) -lcmocka
endef
$(foreach r,$(ROOMS),$(eval $(call unit_rule,$(r))))
.SECONDARY:


# ---- the test web server, the worlds' runner ----------------------------------
SERVER_SRC := $(filter-out tests/server/main.c tests/server/run_%.c,$(wildcard tests/server/*.c))
RUNNER_SRC := $(wildcard tests/server/run_*.c)
WORLDS     := $(wildcard tests/worlds/*.world)

$(BUILD)/testserver: $(call obj,tests/server/main.c $(SERVER_SRC)) $(LIB_config)
	$(call SAY,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/worlds: $(call obj,$(RUNNER_SRC) $(SERVER_SRC)) $(LIB_config)
	$(call SAY,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/conformance_http: $(call obj,tests/http/conf_http.c) $(LIB_crawler)
	$(call SAY,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/conformance: $(call obj,$(wildcard tests/conformance/*.c)) $(LIB_page)
	$(call SAY,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# ---- benches: tests/bench/bench_NAME.c, with the peers that are installed -------
BENCH_BIN := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/bench_*.c))
HTML_PEERS = $(shell for p in gumbo libxml-2.0; do pkg-config --exists $$p && echo $$p; done)
PEER_DEFS  = $(if $(filter gumbo,$(HTML_PEERS)),-DHAVE_GUMBO) $(if $(filter libxml-2.0,$(HTML_PEERS)),-DHAVE_LIBXML2)

$(BENCH_BIN): $(BUILD)/bench/%: tests/bench/%.c $(LIB_crawler)
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(PEER_DEFS) $(if $(HTML_PEERS),$$(pkg-config --cflags $(HTML_PEERS))) $(LDFLAGS) \
		-o $@ $^ $(PKG_LIBS) $(if $(HTML_PEERS),$$(pkg-config --libs $(HTML_PEERS)))

# The fetch-only loop that the crawlers are measured against.
$(BUILD)/bench/limit: $(call obj,tests/bench/limit.c) $(LIB_config)
	@mkdir -p $(@D)
	$(call SAY,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs $(LOADED)) $(PKG_LIBS)

# ---- fuzz targets: tests/fuzz/fuzz_NAME.c, clang's libFuzzer (see `fuzz`) --------
FUZZ_BIN  := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

$(FUZZ_BIN): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(LIB_crawler)
	@mkdir -p $(@D)
	$(call SAY,LD,$@)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

# ---- what people type: set up, build, do ----------------------------------------
.PHONY: crawl test check deps deps-test deps-full deps-bench deps-report
deps:
	@tests/tools/deps.sh build $(BUILD)
deps-test:
	@tests/tools/deps.sh test $(BUILD)
deps-full:
	@tests/tools/deps.sh full $(BUILD)
deps-bench:
	@tests/tools/deps.sh $(if $(PEERS),peers,bench) $(BUILD)
deps-report:
	@tests/tools/deps.sh report $(BUILD)

ifneq ($(URL),)
crawl: deps
	$(AGAIN) $(BUILD)/skitter
	@$(BUILD)/skitter crawl '$(URL)' $(ARGS)
else
crawl: deps
	$(AGAIN) $(BUILD)/skitter $(BUILD)/testserver
	@tests/tools/demo.sh $(BUILD)
endif

test check: deps-test
	$(AGAIN) test-build
	+@tests/run_all.sh $(BUILD) $(SUITES)

# ---- the suites, one by one -------------------------------------------------------
# (`make test SUITES="unit worlds"` runs some; `make worlds WORLDS=tests/worlds/x.world` one)
SUITES ?= layers unit conformance worlds demo fakeweb memory real
export CONFORMANCE
# The real sites (nginx, two documentation packages) are unpacked once for all build folders.
export DOCS ?= $(abspath $(BUILD))/docs
.PHONY: test-build unit worlds demo fakeweb real conformance layers
test-build: $(BUILD)/skitter $(BUILD)/testserver $(BUILD)/worlds $(BUILD)/conformance $(BUILD)/conformance_http $(UNIT)

unit: $(UNIT)
	@tests/run_unit.sh $(UNIT)
worlds: $(BUILD)/skitter $(BUILD)/worlds
	@tests/run_worlds.sh $(BUILD) $(WORLDS)
demo: $(BUILD)/skitter $(BUILD)/testserver
	@tests/run_demo.sh $(BUILD)
fakeweb: $(BUILD)/skitter
	@python3 -B tests/fakeweb/run.py $(BUILD)
memory: $(BUILD)/skitter
	@python3 -B tests/bench/memory.py $(BUILD) --budgets 64M --bodies 16 --hosts 1500 --assert 110
real: $(BUILD)/skitter
	@tests/real/run.sh $(BUILD)
conformance: $(BUILD)/conformance $(BUILD)/conformance_http $(BUILD)/skitter $(BUILD)/testserver
	@$(BUILD)/conformance_http $(CONFORMANCE) $(BUILD)/conformance_http.misses; rc=$$?; \
	python3 tests/conformance/exports.py $(BUILD) $(CONFORMANCE) || rc=1; \
	$(BUILD)/conformance $(CONFORMANCE) $(BUILD)/conformance.misses && exit $$rc
layers:
	@tests/tools/layers.sh

# ---- the long runs ------------------------------------------------------------------
.PHONY: asan ubsan tsan ucontext valgrind fuzz test-full kills
# Sanitizers slow a crawl down: SLOW stretches the deadlines of tests, never a result.
asan ubsan: deps-full
	$(AGAIN) BUILD=$(BUILD)-asan SANITIZE=address,undefined OPT=-O1 test-build
	+@SLOW=6 SANITIZE=address,undefined OPT=-O1 tests/run_all.sh $(BUILD)-asan unit worlds demo fakeweb real
tsan: deps-full
	$(AGAIN) BUILD=$(BUILD)-tsan SANITIZE=thread OPT=-O1 test-build
	+@SLOW=6 SANITIZE=thread OPT=-O1 tests/run_all.sh $(BUILD)-tsan unit worlds demo fakeweb real
ucontext: deps-full
	$(AGAIN) BUILD=$(BUILD)-ucontext CO=ucontext test-build
	+@CO=ucontext tests/run_all.sh $(BUILD)-ucontext unit worlds
valgrind: deps-full
	$(AGAIN) BUILD=$(BUILD)-valgrind OPT=-O1 test-build
	+@OPT=-O1 WRAP="valgrind --quiet --suppressions=tests/tools/valgrind.supp --error-exitcode=99 --child-silent-after-fork=yes" SLOW=20 \
		tests/run_all.sh $(BUILD)-valgrind unit
fuzz: deps-full
	$(AGAIN) BUILD=$(BUILD)-fuzz CC=clang SANITIZE=address,undefined FUZZ=1 OPT=-O1 fuzz-build
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run_fuzz.sh $(BUILD)-fuzz
.PHONY: fuzz-build
fuzz-build: $(FUZZ_BIN)
kills: $(BUILD)/skitter
	@ROUNDS=$(or $(ROUNDS),40) tests/real/run.sh $(BUILD) kills

test-full: deps-full
	$(AGAIN) test-build
	+@ROUNDS=40 tests/run_all.sh $(BUILD) layers unit conformance worlds demo fakeweb memory real asan tsan ucontext valgrind fuzz

# ---- bench, habits --------------------------------------------------------------------
.PHONY: bench bench-build bench-scale bench-broad
bench-build: $(BUILD)/skitter $(BENCH_BIN) $(BUILD)/bench/limit
bench: deps-bench
	$(AGAIN) bench-build
	@tests/bench/run.sh $(BUILD)
# Against a fake web; what PAGES=, HOSTS=, ... mean is said at the top of the scripts.
bench-scale: $(BUILD)/skitter
	@python3 -B tests/bench/scale.py $(BUILD)
bench-broad: $(BUILD)/skitter
	@python3 -B tests/bench/broad.py $(BUILD)

# A report of a big crawl: PAGES (1,000,000) pages with LINKS (40) links each.
.PHONY: bench-report
bench-report: $(BUILD)/skitter $(BUILD)/bench/bench_report
	@$(BUILD)/bench/bench_report $(or $(PAGES),1000000) $(or $(LINKS),40)

# The HTML report in a browser: axe-core, the policy, the tables, the keyboard; pictures of it.
.PHONY: report-check
report-check: deps-report
	$(AGAIN) $(BUILD)/skitter $(BUILD)/testserver $(BUILD)/worlds $(BUILD)/bench/bench_report
	@tests/report/check.sh $(BUILD)

# The pictures of the README: tests/pictures/crawl.svg and report.png, of a real crawl.
.PHONY: pictures
pictures: deps-report
	$(AGAIN) $(BUILD)/skitter $(BUILD)/testserver
	@tests/pictures/make.sh $(BUILD)

# ---- the manual and the completions: the program prints them from its tables ---------------
.PHONY: manual completions docker docker-test
manual: $(BUILD)/man/.done
$(BUILD)/man/.done: $(BUILD)/skitter
	@rm -rf $(@D) && mkdir -p $(@D)
	$(call SAY,MAN,$(@D))set -e; for page in $$($(BUILD)/skitter help --man list); do \
		$(BUILD)/skitter help --man $$page >$(@D)/$$page; done
	@touch $@
completions: $(BUILD)/completion/skitter.bash $(BUILD)/completion/skitter.zsh $(BUILD)/completion/skitter.fish
$(BUILD)/completion/skitter.%: $(BUILD)/skitter
	@mkdir -p $(@D)
	$(call SAY,SHELL,$@)$(BUILD)/skitter completion $* >$@

# ---- the container image: whichever of docker, podman, buildah works ------------------------
docker:
	@docker/build.sh $(VERSION)
docker-test:
	@docker/test.sh $(VERSION)

.PHONY: tidy install uninstall dist clean help
tidy:
	@tests/tools/tidy.sh
MANDIR   ?= $(PREFIX)/share/man
BASHDIR  ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR   ?= $(PREFIX)/share/zsh/site-functions
FISHDIR  ?= $(PREFIX)/share/fish/vendor_completions.d
install: $(BUILD)/skitter manual completions
	install -D -m 755 $(BUILD)/skitter $(DESTDIR)$(PREFIX)/bin/skitter
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/skitter/README.md
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/skitter/LICENSE
	install -D -m 644 config/example.yaml $(DESTDIR)$(PREFIX)/share/doc/skitter/example.yaml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/skitter/examples config/examples/*.yaml
	install -d $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5
	install -m 644 $(BUILD)/man/*.1 $(DESTDIR)$(MANDIR)/man1
	install -m 644 $(BUILD)/man/*.5 $(DESTDIR)$(MANDIR)/man5
	install -D -m 644 $(BUILD)/completion/skitter.bash $(DESTDIR)$(BASHDIR)/skitter
	install -D -m 644 $(BUILD)/completion/skitter.zsh $(DESTDIR)$(ZSHDIR)/_skitter
	install -D -m 644 $(BUILD)/completion/skitter.fish $(DESTDIR)$(FISHDIR)/skitter.fish
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/skitter
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/skitter
	rm -f $(DESTDIR)$(MANDIR)/man1/skitter.1 $(DESTDIR)$(MANDIR)/man1/skitter-*.1 $(DESTDIR)$(MANDIR)/man5/skitter.yaml.5
	rm -f $(DESTDIR)$(BASHDIR)/skitter $(DESTDIR)$(ZSHDIR)/_skitter $(DESTDIR)$(FISHDIR)/skitter.fish
dist:
	@mkdir -p $(BUILD)
	git archive --format=tar.gz --prefix=skitter-$(VERSION)/ -o $(BUILD)/skitter-$(VERSION).tar.gz HEAD
clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-ucontext $(BUILD)-valgrind $(BUILD)-fuzz
help:
	@sed -n 's/^#? \{0,1\}//p' Makefile

#? make crawl [URL=...] [ARGS=...]  set up, build, crawl URL into HOST.db (without URL: a demo site)
#? make test                        set up, build, run every test (under five minutes); also: make check
#? make test-full                   the same and the long runs: sanitizers, many kills, valgrind, fuzz
#?
#? make                             build build/skitter               make clean     remove every build folder
#? make deps | deps-test | deps-full    install the packages for building, testing, the long runs
#? make install uninstall           DESTDIR= PREFIX=/usr/local       make dist      a source archive
#?
#? one suite:   unit worlds demo fakeweb memory real kills conformance layers
#? long runs:   asan ubsan tsan ucontext valgrind fuzz
#? looked at:   report-check (the HTML report in a browser, with axe-core)   pictures (of the README)
#? measuring:   bench [PART="crawls micro modules"] [SITES=...] [PEERS=all] [ROUNDS=5] (tests/bench/README.md)
#?              bench-report (the report of PAGES pages with LINKS links each)
#? habits:      tidy (format, clang-tidy, cppcheck)   layers (who may include whom)
#?              bench-scale bench-broad (against a made-up web: a million pages, 5,000 hosts; see tests/bench/scale.py, broad.py)
#?
#? BUILD=DIR        build folder (build)            DEV=1        warnings are errors
#? CC=gcc|clang     compiler                        SANITIZE=address,undefined | thread
#? CO=ucontext      portable coroutine switch       OPT=-O2      optimisation
#? DEPS=1           install packages by sudo without asking
#? CONFORMANCE=DIR  external test data              WORLDS=FILE  the worlds to run
#? SUITES="..."     what make test runs             ROUNDS=N     rounds of the kill test
#? V=1              show command lines

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
