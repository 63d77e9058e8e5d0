# skitter - every habit is a target. `make help` lists them.
#
#   make crawl [URL=...]   set up, build, crawl
#   make test              set up, build, run every test
#
# BUILD=DIR keeps several configurations side by side.

BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= gcc
VERSION  := 0.1.0

# ---- the rooms ---------------------------------------------------------------
ROOMS    := config workers page storage crawler
SRC_config  := $(wildcard config/*.c)
SRC_workers := $(wildcard workers/*.c)
SRC_page    := $(wildcard crawler/page/*.c)
SRC_storage := $(wildcard storage/*.c)
SRC_crawler := $(filter-out crawler/main.c,$(wildcard crawler/*.c))
ASM_workers := $(wildcard workers/*.S)

# What each room may see (make layers checks the includes, this the symbols).
LIB_config  := $(BUILD)/config.a
LIB_workers := $(BUILD)/workers.a $(LIB_config)
LIB_page    := $(BUILD)/page.a $(LIB_config)
LIB_storage := $(BUILD)/storage.a $(LIB_workers)
LIB_crawler := $(BUILD)/crawler.a $(BUILD)/page.a $(LIB_storage)

# ---- flags -------------------------------------------------------------------
PKGS     := libcurl libevent libevent_pthreads sqlite3 libidn2 libpsl zlib libdeflate libzstd libbrotlidec yaml-0.1 \
            expat libpcre2-8 libseccomp jansson libcrypto
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

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
ifeq ($(CO),ucontext)
CPPFLAGS += -DCO_UCONTEXT
endif

.PHONY: all
all: $(BUILD)/skitter

# ---- objects and archives ----------------------------------------------------
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter %.c,$(1))) $(patsubst %.S,$(BUILD)/obj/%.o,$(filter %.S,$(1)))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -g -c $< -o $@

define archive
$(BUILD)/$(1).a: $(call obj,$(SRC_$(1)) $(ASM_$(1)))
	@rm -f $$@
	$(AR) rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call archive,$(r))))

$(BUILD)/skitter: $(BUILD)/obj/crawler/main.o $(LIB_crawler)
	$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# ---- unit tests: tests/unit/ROOM/test_NAME.c sees only what ROOM may see -------
UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNIT     := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SRC))

define unit_rule
$(BUILD)/tests/unit/$(1)/%: $(BUILD)/obj/tests/unit/$(1)/%.o $$(LIB_$(1))
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(PKG_LIBS) -lcmocka
endef
$(foreach r,$(ROOMS),$(eval $(call unit_rule,$(r))))
.SECONDARY:

.PHONY: unit
unit: $(UNIT)
	@set -e; for t in $(UNIT); do $$t; done

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
