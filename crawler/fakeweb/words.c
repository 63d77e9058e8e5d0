/* words.c - the words of titles, paths and text. */
#include "crawler/fakeweb/words.h"

#include <string.h>

const char *const fake_words[FAKE_WORDS] = {"river", "silver", "stone", "garden", "winter",
	"summer", "market", "harbor", "bridge", "forest", "meadow", "valley", "mountain", "island",
	"ocean", "desert", "castle", "village", "station", "window", "mirror", "candle", "lantern",
	"copper", "golden", "crystal", "marble", "velvet", "cotton", "linen", "paper", "pencil",
	"letter", "number", "signal", "engine", "motor", "wheel", "turbine", "circuit", "socket",
	"packet", "server", "client", "thread", "process", "memory", "buffer", "kernel", "driver",
	"module", "package", "library", "function", "pattern", "method", "object", "class", "table",
	"column", "index", "query", "record", "ledger", "account", "budget", "invoice", "payment",
	"balance", "credit", "report", "summary", "chapter", "section", "volume", "catalog",
	"archive", "museum", "gallery", "theater", "concert", "orchestra", "melody", "rhythm",
	"harmony", "guitar", "violin", "piano", "trumpet", "drum", "dancer", "painter", "writer",
	"author", "editor", "reader", "teacher", "student", "lesson", "course", "school", "college",
	"academy", "science", "physics", "chemistry", "biology", "geology", "history", "geography",
	"language", "grammar", "dialect", "accent", "translation", "dictionary", "alphabet",
	"symbol", "emblem", "banner", "shield", "helmet", "armor", "sword", "arrow", "archer",
	"knight", "queen", "king", "prince", "duke", "baron", "empire", "kingdom", "republic",
	"province", "county", "district", "city", "town", "street", "avenue", "corner", "plaza",
	"tower", "temple", "chapel", "abbey", "cottage", "cabin", "farm", "barn", "orchard",
	"vineyard", "wheat", "barley", "corn", "apple", "cherry", "lemon", "orange", "peach",
	"plum", "berry", "walnut", "almond", "pepper", "ginger", "saffron", "vanilla", "sugar",
	"honey", "butter", "cheese", "bread", "kitchen", "oven", "kettle", "plate", "spoon",
	"basket", "bottle", "barrel", "wagon", "carriage", "tram", "train", "railway", "tunnel",
	"canal", "ferry", "vessel", "sailor", "captain", "anchor", "compass", "voyage", "journey",
	"passage", "border", "frontier", "outpost", "camp", "trail", "path", "summit", "ridge",
	"canyon", "glacier", "lagoon", "reef", "coral", "dolphin", "whale", "salmon", "falcon",
	"eagle", "sparrow", "raven", "swallow", "heron", "turtle", "lizard", "rabbit", "badger",
	"beaver", "otter", "fox", "wolf", "bear", "tiger", "lion", "panther", "camel", "horse",
	"pony", "cattle", "shepherd", "weaver", "potter", "smith", "carpenter", "mason", "plumber",
	"baker", "brewer", "merchant", "trader", "banker", "lawyer", "judge", "doctor", "nurse",
	"patient", "remedy", "herb"};

char *fake_word(char *p, unsigned n)
{
	return stpcpy(p, fake_words[n % FAKE_WORDS]);
}

char *fake_word_title(char *p, unsigned n)
{
	char *end = fake_word(p, n);

	*p = (char)(*p - 'a' + 'A');
	return end;
}

char *fake_number(char *p, uint64_t n)
{
	char digits[20];
	int len = 0;

	do {
		digits[len++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (len)
		*p++ = digits[--len];
	return p;
}

/* ---- running text ---- */

static const char *const common[] = {"the", "of", "and", "to", "in", "a", "is", "that", "for", "it",
	"as", "was", "with", "be", "by", "on", "not", "he", "his", "but", "at", "are", "this",
	"have", "from", "or", "had", "an", "they", "which", "one", "you", "were", "all", "her",
	"she", "there", "would", "their", "we", "him", "been", "has", "when", "who", "will", "no",
	"more", "if", "out", "so", "up", "said", "what", "its", "about", "than", "into", "them",
	"can", "only", "other", "time", "new"};
static const char *const syllables[] = {"ba", "be", "bo", "ca", "ce", "co", "da", "de", "di", "do",
	"fa", "fi", "fo", "ga", "go", "la", "le", "li", "lo", "lu", "ma", "me", "mi", "mo", "na",
	"ne", "ni", "no", "pa", "pe", "pi", "po", "ra", "re", "ri", "ro", "sa", "se", "si", "so",
	"ta", "te", "ti", "to", "va", "ve", "vi", "vo", "ter", "tion", "ment", "ness", "ing", "al",
	"er", "ent", "an", "or", "is", "ous", "ist", "ful", "den", "sel"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

char *fake_text_word(char *p, unsigned n)
{
	if (n < COUNT(common))
		return stpcpy(p, common[n]);
	n -= COUNT(common);
	if (n < FAKE_WORDS)
		return fake_word(p, n);
	n = (n - FAKE_WORDS) * 2654435761u;
	for (unsigned left = 2 + (n >> 30); left; left--, n = n << 6 | n >> 26)
		p = stpcpy(p, syllables[n >> 26]);
	return p;
}
