#include "tests/bench/events.h"

#include <stdio.h>

enum { PLACES = 48, UNIT_PLACES = 12, UNIT_INITIATIVES = 6, DAYS = 1461, DAY_MS = 86400000 };
#define FIRST_DAY 19358 /* 2023-01-01 */

static const char *const places[PLACES] = {
	"Dallas TX",
	"Austin TX",
	"San Antonio TX",
	"Nueva Orleans LA",
	"Orlando FL",
	"Tampa FL",
	"Jacksonville FL",
	"Greenville SC",
	"Charlotte NC",
	"Nashville TN",
	"Las Vegas NV",
	"San Diego CA",
	"Phoenix AZ",
	"Denver CO",
	"Stamford CT",
	"Providence RI",
	"Elizabeth NJ",
	"Filadelfia PA",
	"Mississauga",
	"Edmonton",
	"Winnipeg",
	"Ottawa",
	"Zaragoza",
	"Bilbao",
	"Logroño",
	"A Coruña",
	"Málaga",
	"Murcia",
	"Castellón",
	"Las Palmas",
	"Turín",
	"Bolonia",
	"Nápoles",
	"Fráncfort",
	"Múnich",
	"Hamburgo",
	"Marsella",
	"Lyon",
	"Łódź",
	"Mánchester",
	"Edimburgo",
	"Guayaquil norte",
	"Santo Domingo",
	"Lago Agrio",
	"Maracaibo",
	"San Fernando",
	"Antofagasta",
	"Alto Hospicio",
};
static const char *const people[] = {
	"Ana Ruiz",       "Luis Pardo",    "María Fernanda Ortiz", "Jorge Peña",
	"Claudia Rincón", "Andrés Mejía",  "Paola Suárez",         "Hernán Castaño",
	"Sofía Cárdenas", "Iván Quintero", "Natalia Vélez",        "Óscar Beltrán",
};
static const char *const hosts[] = {
	"la alcaldía",        "la iglesia San José", "el club colombiano",
	"la biblioteca",      "la universidad",      "la asociación Raíces",
	"el centro cultural", "un hotel del centro", "la cámara de comercio",
	"la escuela Bolívar", "el hospital",         "la cruz roja",
};
static const char *const sentences[] = {
	"Se atendió en %s; quedaron %u personas en lista de espera para la próxima jornada.",
	"Con apoyo de %s. Faltaron %u formularios de pasaporte, se pidieron a la sede.",
	"El sistema estuvo caído dos horas; %s prestó su red y se recuperaron %u trámites.",
	"Asistencia mayor que la prevista: %s abrió una segunda sala y se repartieron %u turnos.",
	"Por mal tiempo llegó menos gente a %s, se aplazaron %u citas.",
	"Se acordó con %s repetir en tres meses; hay %u inscritos.",
	"Charla sobre derechos de migrantes en %s, con %u asistentes y preguntas sobre retorno.",
	"Entrega de documentos en %s: %u cédulas y tarjetas pendientes de otras jornadas.",
	"Viajaron dos funcionarios; %s puso el local sin costo, %u sillas y dos mesas.",
	"Personas mayores y con discapacidad fueron atendidas primero en %s (%u casos).",
	"Muestra de cine colombiano en %s; se vendieron %u entradas a beneficio de la comunidad.",
	"Se remitieron a %s %u casos de asistencia para seguimiento del área social.",
};
static const char *const consular_modes[] = { "consulado-movil", "sabado-consular",
	                                      "jornada-continua", "jornada-extendida" };
static const char *const other_modes[] = { "actividad-cultural", "actividad-deportiva",
	                                   "actividad-educativa", "otra-actividad" };
/* Of the ministry's plan. */
static const char *const initiatives[] = {
	"1.1.01", "1.1.02", "1.1.03", "1.1.04", "1.1.05", "1.1.06", "1.1.07", "1.1.08",
	"1.1.09", "1.1.10", "1.2.01", "1.2.02", "2.1.01", "2.1.02", "2.1.03", "2.1.04",
	"2.1.05", "2.1.06", "2.2.01", "2.3.01", "2.3.02", "3.1.01", "3.2.01", "3.3.01",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* splitmix64 (public domain, S. Vigna) */
static uint64_t
draw(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);

	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

static uint64_t
below(uint64_t *state, uint64_t end)
{
	return draw(state) % end;
}

/* Small numbers more often: the lesser of two. */
static uint64_t
lesser(uint64_t *state, uint64_t end)
{
	uint64_t a = below(state, end), b = below(state, end);

	return a < b ? a : b;
}

static uint64_t
seed_of(const struct bench_events *all, uint64_t n)
{
	uint64_t state = all->seed * UINT64_C(0xD1342543DE82EF95) + n;

	return draw(&state);
}

static void
tally(struct tallies *t, const char *name, uint64_t value)
{
	t->list[t->count++] = (struct tally) { text_of(name), value };
}

static void
make_counts(struct event *e, bool consular, uint64_t *s)
{
	uint64_t attended = 8 + lesser(s, 20) * lesser(s, 20) + below(s, 30);
	bool detailed = consular && below(s, 10) == 0;

	e->counts.count = e->groups.count = 0;
	e->has &= ~(EVENT_BIT(EVENT_COUNTS) | EVENT_BIT(EVENT_GROUPS));
	if (below(s, 100) < (consular ? 90 : 65))
		tally(&e->counts, "attended", attended);
	if (detailed) {
		tally(&e->counts, "cedula", attended / 4 + below(s, 8));
		tally(&e->counts, "passport", attended / 3 + below(s, 8));
	}
	if (detailed || (consular && below(s, 3) == 0))
		tally(&e->counts, "procedures", attended / 2 + below(s, attended));
	if (detailed)
		tally(&e->counts, "signature-and-power", below(s, 12));
	if (e->counts.count > 0)
		e->has |= EVENT_BIT(EVENT_COUNTS);
	if (below(s, 20) == 0) {
		tally(&e->groups, "ACT-1", 1 + below(s, attended));
		e->has |= EVENT_BIT(EVENT_GROUPS);
	}
}

static void
make_kind(struct event *e, uint64_t unit, uint64_t *s)
{
	uint64_t what = below(s, 100), mode = below(s, 100);
	const char *first =
		initiatives[(unit * 5 + lesser(s, UNIT_INITIATIVES)) % COUNT(initiatives)];
	const char *second =
		initiatives[(unit * 5 + below(s, UNIT_INITIATIVES)) % COUNT(initiatives)];

	if (what < 75) {
		e->indicator = text_of(what < 60 ? "IND-1" : "IND-6");
		e->has |= EVENT_BIT(EVENT_INDICATOR);
		mode = mode < 45 ? 0 : mode < 75 ? 1 : mode < 90 ? 2 : 3;
		e->mode = text_of(what < 60 ? consular_modes[mode] : other_modes[mode]);
		e->has |= EVENT_BIT(EVENT_MODE);
	} else {
		bool both = what >= 95 && strcmp(first, second) != 0;

		e->initiatives.list[0] = text_of(both && strcmp(first, second) > 0 ? second
		                                                                   : first);
		e->initiatives.list[1] = text_of(strcmp(first, second) > 0 ? first : second);
		e->initiatives.count = both ? 2 : 1;
		e->has |= EVENT_BIT(EVENT_INITIATIVES);
	}
	make_counts(e, what < 60, s);
}

static void
make_note(struct bench_event *b, uint64_t *s)
{
	int len = 0;

	for (uint64_t more = below(s, 3) == 0 ? 2 : 1; more > 0; more--) {
		/* the formats are those above, each with a text and a number */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		len += snprintf(b->note + len, sizeof(b->note) - (size_t) len,
		                sentences[below(s, COUNT(sentences))],
		                hosts[below(s, COUNT(hosts))], (unsigned) (1 + below(s, 240)));
#pragma GCC diagnostic pop
		if (more > 1)
			len += snprintf(b->note + len, sizeof(b->note) - (size_t) len, " ");
	}
	b->event.note = text_of(b->note);
	b->event.has |= EVENT_BIT(EVENT_NOTE);
}

static void
make_place(struct bench_event *b, uint64_t unit, uint64_t *s)
{
	uint64_t place = lesser(s, UNIT_PLACES);

	snprintf(b->place, sizeof(b->place), "%s", places[(unit * 7 + place) % PLACES]);
	b->event.place = text_of(b->place);
	b->event.has |= EVENT_BIT(EVENT_PLACE);
}

/* What is planned lies ahead of the day it was recorded. */
static void
make_status(struct event *e, uint64_t *s)
{
	uint64_t chance = below(s, 100);

	if (chance >= 4)
		return;
	e->status = chance < 2 ? STATUS_PLANNED : chance == 2 ? STATUS_CANCELLED : STATUS_MOVED;
	e->has |= EVENT_BIT(EVENT_STATUS);
	if (chance < 2)
		e->date += 21 + (int64_t) below(s, 60);
}

/* Within the four years, and on a Saturday where the mode has it in its name. */
static void
fit_day(struct event *e)
{
	if (text_is(e->mode, "sabado-consular"))
		e->date -= (date_weekday((date) e->date) + 2) % 7;
	if (e->date < FIRST_DAY)
		e->date += 7;
	while (e->date >= FIRST_DAY + DAYS)
		e->date -= 7;
}

/* What the clock says when event n is recorded: to the ms, and always ahead of the one before. */
static int64_t
clock_of(const struct bench_events *all, uint64_t n)
{
	uint64_t step = (uint64_t) DAYS * DAY_MS / all->total, state = seed_of(all, n) ^ 1;

	return (int64_t) FIRST_DAY * DAY_MS + (int64_t) (n * step + below(&state, step)) + DAY_MS;
}

void
bench_event_make(const struct bench_events *all, uint64_t n, struct bench_event *ret_event)
{
	uint64_t state = seed_of(all, n), *s = &state, unit;
	struct event *e = &ret_event->event;
	int64_t day;

	memset(e, 0, sizeof(*e));
	unit = below(s, all->units->count + (all->units->count + 1) / 2) % all->units->count;
	e->kind = KIND_ACTIVITY;
	e->at_ms = clock_of(all, n);
	e->unit = all->units->list[unit];
	day = e->at_ms / DAY_MS - 1 - (int64_t) (lesser(s, 7) + lesser(s, 7));
	e->date = day < FIRST_DAY ? FIRST_DAY : day;
	e->quantity = below(s, 10) > 0 ? 1 : 2 + below(s, 5);
	e->by = text_of(people[(unit * 3 + below(s, 3)) % COUNT(people)]);
	e->has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_QUANTITY) |
		EVENT_BIT(EVENT_BY);
	make_kind(e, unit, s);
	make_place(ret_event, unit, s);
	make_status(e, s);
	fit_day(e);
	if (below(s, 100) < all->note_percent)
		make_note(ret_event, s);
}

void
bench_event_correct(const struct bench_events *all, uint64_t n, uint64_t root,
                    struct bench_event *ret_event)
{
	uint64_t state = seed_of(all, n);
	struct event *e = &ret_event->event;
	bool consular;

	bench_event_make(all, root, ret_event);
	consular = text_is(e->indicator, "IND-1");
	make_counts(e, consular, &state);
	e->at_ms = clock_of(all, n);
	e->why = text_of(below(&state, 2) ? "contado otra vez" : "faltaba una lista");
	e->has |= EVENT_BIT(EVENT_WHY);
}
