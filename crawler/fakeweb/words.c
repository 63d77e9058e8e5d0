/* words.c - the words of titles, paths and text. */
#include "crawler/fakeweb/words.h"

const struct fake_word fake_words[FAKE_WORDS] = {{"river", 5}, {"silver", 6}, {"stone", 5},
	{"garden", 6}, {"winter", 6}, {"summer", 6}, {"market", 6}, {"harbor", 6}, {"bridge", 6},
	{"forest", 6}, {"meadow", 6}, {"valley", 6}, {"mountain", 8}, {"island", 6}, {"ocean", 5},
	{"desert", 6}, {"castle", 6}, {"village", 7}, {"station", 7}, {"window", 6}, {"mirror", 6},
	{"candle", 6}, {"lantern", 7}, {"copper", 6}, {"golden", 6}, {"crystal", 7}, {"marble", 6},
	{"velvet", 6}, {"cotton", 6}, {"linen", 5}, {"paper", 5}, {"pencil", 6}, {"letter", 6},
	{"number", 6}, {"signal", 6}, {"engine", 6}, {"motor", 5}, {"wheel", 5}, {"turbine", 7},
	{"circuit", 7}, {"socket", 6}, {"packet", 6}, {"server", 6}, {"client", 6}, {"thread", 6},
	{"process", 7}, {"memory", 6}, {"buffer", 6}, {"kernel", 6}, {"driver", 6}, {"module", 6},
	{"package", 7}, {"library", 7}, {"function", 8}, {"pattern", 7}, {"method", 6},
	{"object", 6}, {"class", 5}, {"table", 5}, {"column", 6}, {"index", 5}, {"query", 5},
	{"record", 6}, {"ledger", 6}, {"account", 7}, {"budget", 6}, {"invoice", 7}, {"payment", 7},
	{"balance", 7}, {"credit", 6}, {"report", 6}, {"summary", 7}, {"chapter", 7},
	{"section", 7}, {"volume", 6}, {"catalog", 7}, {"archive", 7}, {"museum", 6},
	{"gallery", 7}, {"theater", 7}, {"concert", 7}, {"orchestra", 9}, {"melody", 6},
	{"rhythm", 6}, {"harmony", 7}, {"guitar", 6}, {"violin", 6}, {"piano", 5}, {"trumpet", 7},
	{"drum", 4}, {"dancer", 6}, {"painter", 7}, {"writer", 6}, {"author", 6}, {"editor", 6},
	{"reader", 6}, {"teacher", 7}, {"student", 7}, {"lesson", 6}, {"course", 6}, {"school", 6},
	{"college", 7}, {"academy", 7}, {"science", 7}, {"physics", 7}, {"chemistry", 9},
	{"biology", 7}, {"geology", 7}, {"history", 7}, {"geography", 9}, {"language", 8},
	{"grammar", 7}, {"dialect", 7}, {"accent", 6}, {"translation", 11}, {"dictionary", 10},
	{"alphabet", 8}, {"symbol", 6}, {"emblem", 6}, {"banner", 6}, {"shield", 6}, {"helmet", 6},
	{"armor", 5}, {"sword", 5}, {"arrow", 5}, {"archer", 6}, {"knight", 6}, {"queen", 5},
	{"king", 4}, {"prince", 6}, {"duke", 4}, {"baron", 5}, {"empire", 6}, {"kingdom", 7},
	{"republic", 8}, {"province", 8}, {"county", 6}, {"district", 8}, {"city", 4}, {"town", 4},
	{"street", 6}, {"avenue", 6}, {"corner", 6}, {"plaza", 5}, {"tower", 5}, {"temple", 6},
	{"chapel", 6}, {"abbey", 5}, {"cottage", 7}, {"cabin", 5}, {"farm", 4}, {"barn", 4},
	{"orchard", 7}, {"vineyard", 8}, {"wheat", 5}, {"barley", 6}, {"corn", 4}, {"apple", 5},
	{"cherry", 6}, {"lemon", 5}, {"orange", 6}, {"peach", 5}, {"plum", 4}, {"berry", 5},
	{"walnut", 6}, {"almond", 6}, {"pepper", 6}, {"ginger", 6}, {"saffron", 7}, {"vanilla", 7},
	{"sugar", 5}, {"honey", 5}, {"butter", 6}, {"cheese", 6}, {"bread", 5}, {"kitchen", 7},
	{"oven", 4}, {"kettle", 6}, {"plate", 5}, {"spoon", 5}, {"basket", 6}, {"bottle", 6},
	{"barrel", 6}, {"wagon", 5}, {"carriage", 8}, {"tram", 4}, {"train", 5}, {"railway", 7},
	{"tunnel", 6}, {"canal", 5}, {"ferry", 5}, {"vessel", 6}, {"sailor", 6}, {"captain", 7},
	{"anchor", 6}, {"compass", 7}, {"voyage", 6}, {"journey", 7}, {"passage", 7}, {"border", 6},
	{"frontier", 8}, {"outpost", 7}, {"camp", 4}, {"trail", 5}, {"path", 4}, {"summit", 6},
	{"ridge", 5}, {"canyon", 6}, {"glacier", 7}, {"lagoon", 6}, {"reef", 4}, {"coral", 5},
	{"dolphin", 7}, {"whale", 5}, {"salmon", 6}, {"falcon", 6}, {"eagle", 5}, {"sparrow", 7},
	{"raven", 5}, {"swallow", 7}, {"heron", 5}, {"turtle", 6}, {"lizard", 6}, {"rabbit", 6},
	{"badger", 6}, {"beaver", 6}, {"otter", 5}, {"fox", 3}, {"wolf", 4}, {"bear", 4},
	{"tiger", 5}, {"lion", 4}, {"panther", 7}, {"camel", 5}, {"horse", 5}, {"pony", 4},
	{"cattle", 6}, {"shepherd", 8}, {"weaver", 6}, {"potter", 6}, {"smith", 5},
	{"carpenter", 9}, {"mason", 5}, {"plumber", 7}, {"baker", 5}, {"brewer", 6},
	{"merchant", 8}, {"trader", 6}, {"banker", 6}, {"lawyer", 6}, {"judge", 5}, {"doctor", 6},
	{"nurse", 5}, {"patient", 7}, {"remedy", 6}, {"herb", 4}};

struct fake_word fake_capital[FAKE_WORDS];

void fake_words_open(void)
{
	for (int i = 0; i < FAKE_WORDS; i++) {
		fake_capital[i] = fake_words[i];
		fake_capital[i].text[0] = (char)(fake_words[i].text[0] - 'a' + 'A');
	}
}

char *fake_number(char *p, uint32_t n)
{
	int digits = 1;

	for (uint64_t m = 10; m <= n; m *= 10)
		digits++;
	for (int i = digits; i; n /= 10)
		p[--i] = (char)('0' + n % 10);
	return p + digits;
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
