# One Makefile for the whole tree: no recursion into folders, header dependencies by -MMD -MP.
#
#   make run      set up, build, start the server on 127.0.0.1:8080 with a demo data folder
#   make test     set up, build, run every test; ends in one line "N passed, N failed"
#   make check    lint, then the tests of release, asan and tsan
#   make bench    every benchmark beside its baseline
#
# VARIANT=release|debug|asan|tsan picks the flags; everything lands in build/$(VARIANT)/.

VARIANT ?= release
BUILD   ?= build/$(VARIANT)
CC      ?= gcc
PREFIX  ?= /usr/local

LAYERS := base engine db server

WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
        -Wwrite-strings -Wundef -Wformat=2 -Wvla -Wno-missing-field-initializers
ifeq ($(CI),true)
WARN += -Werror
endif

# Contracting a*b+c into one rounding would make results depend on the machine: never.
CFLAGS_COMMON := -std=gnu11 -g -pthread -ffp-contract=off -fno-math-errno -fno-omit-frame-pointer
CFLAGS_release := -O2
CFLAGS_debug   := -O0
CFLAGS_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -DVARIANT_SANITIZED=1
CFLAGS_tsan    := -O1 -fsanitize=thread -DVARIANT_SANITIZED=1
LDFLAGS_asan   := -fsanitize=address,undefined
LDFLAGS_tsan   := -fsanitize=thread

# banned.h turns forbidden calls of libc into compile errors, in every file.
ALL_CPPFLAGS := -I. -D_GNU_SOURCE -include base/banned.h -MMD -MP $(CPPFLAGS)
ALL_CFLAGS   := $(CFLAGS_COMMON) $(CFLAGS_$(VARIANT)) $(WARN) $(CFLAGS)
ALL_LDFLAGS  := -pthread $(LDFLAGS_$(VARIANT)) $(LDFLAGS)
LIBS := -lmicrohttpd -lcurl -lsqlite3 -lcjson -lsodium -linih -lz -lm

# The engine is where the time goes.
$(BUILD)/engine/%.o: OPT := $(if $(filter release,$(VARIANT)),-O3)

sources = $(wildcard $(1)/*.c $(1)/*/*.c)
objects = $(patsubst %.c,$(BUILD)/%.o,$(filter-out server/main.c,$(call sources,$(1))))

libs_base   := $(BUILD)/libbase.a
libs_engine := $(BUILD)/libengine.a $(libs_base)
libs_db     := $(BUILD)/libdb.a $(libs_engine)
libs_server := $(BUILD)/libserver.a $(libs_db)

TEST_SOURCES := $(wildcard tests/*/test_*.c)
TESTS := $(patsubst %.c,$(BUILD)/%,$(TEST_SOURCES))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/bench_*.c))
BINARY := $(BUILD)/bracketd

.PHONY: all run test check bench lint format clean install unit
.SECONDARY:

all: $(BINARY)

$(BINARY): $(BUILD)/server/main.o $(libs_server)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(foreach layer,$(LAYERS),$(eval $(BUILD)/lib$(layer).a: $(call objects,$(layer))))
$(BUILD)/lib%.a:
	@mkdir -p $(@D)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(OPT) -c -o $@ $<

# A layer's tests link that layer and those below it, nothing above: the linker holds the layer rule.
define test_rule
$(BUILD)/tests/$(1)/%: $(BUILD)/tests/$(1)/%.o $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c)) $(libs_$(1))
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ -lcmocka $$(LIBS)
endef
$(foreach layer,$(LAYERS),$(eval $(call test_rule,$(layer))))

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(libs_server)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

unit: $(TESTS)
	@scripts/run-tests $(TESTS)

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
