/* cmd_version.c - skitter version: ours, and those of what we run on. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <brotli/decode.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <expat.h>
#include <idn2.h>
#include <jansson.h>
#include <libdeflate.h>
#include <libpsl.h>
#include <openssl/crypto.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include <zlib.h>
#include <zstd.h>

#include "config/mem.h"
#include "crawler/cmd.h"
#include "storage/version.h"

static void row(const char *name, const char *version)
{
	printf("  %-12s %s\n", name, version);
}

int cmd_version(int argc, char **argv)
{
	const char *pos;
	struct err err = {0};
	char text[128];
	bool help;
	uint32_t b = BrotliDecoderVersion();

	if (cmd_args(argc, argv, NULL, 0, &pos, 0, 0, &help, &err) < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("version"), stdout), EXIT_OK;
	printf("skitter %s\n", SKITTER_VERSION);
	row("libcurl", curl_version_info(CURLVERSION_NOW)->version);
	row("libevent", event_get_version());
	row("SQLite", storage_sqlite_version());
	row("libcrypto", OpenSSL_version(OPENSSL_VERSION_STRING));
	row("libidn2", idn2_check_version(NULL));
	row("libpsl", psl_get_version());
	row("zlib", zlibVersion());
	row("libdeflate", LIBDEFLATE_VERSION_STRING);
	row("zstd", ZSTD_versionString());
	snprintf(text, sizeof(text), "%u.%u.%u", b >> 24, b >> 12 & 0xfff, b & 0xfff);
	row("brotli", text);
	row("libyaml", yaml_get_version_string());
	row("expat", XML_ExpatVersion());
	pcre2_config(PCRE2_CONFIG_VERSION, text);
	row("PCRE2", text);
	row("jansson", jansson_version_str());
	return EXIT_OK;
}
