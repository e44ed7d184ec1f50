/* hub/link/intake_internal.h - what intake.c and intake_turn.c share
 *
 *   intake.c       life of the intake, and its loop
 *   intake_turn.c  what one turn of the loop does
 */
#pragma once

#include "common/daemon.h"
#include "common/log.h"
#include "common/wake.h"
#include "hub/blocks.h"
#include "hub/link/answers.h"
#include "hub/link/depot.h"
#include "hub/link/intake.h"
#include "hub/link/questions.h"
#include "hub/link/snapshooter.h"
#include "hub/link/zap.h"
#include "hub/rollback.h"

enum { INTAKE_CONTACTS_MS = 1000 }; /* least time between writes of contacts only */

struct intake {
	hub *h;
	void *context;
	zap *zap;
	router *router;
	keyring *ring;
	connections *table;
	answers *answers;
	depot *depot;
	questions *questions;
	struct snapshooter snapshooter;
	struct hub_common common;
	struct intake_settings settings;
	struct watchdog watchdog;
	uint8_t curve[CURVE_BYTES]; /* the hub's public key */
	wake wake;
	uint64_t plan;          /* version that was told */
	struct rollback behind; /* what was logged of it */
	uint64_t repairs;       /* that were known when the boot id was drawn */
	bool look;              /* plan or registry may have changed */
	bool contacts_due;
	int64_t store_ms;    /* not before */
	int64_t contacts_ms; /* when they were written last */
	int64_t tidy_ms;
	int64_t keep_ms; /* when the digest is to be worked on; INT64_MAX: it is kept */
	struct block_place keep_at;
	int64_t held_ms; /* since when the store's lock was not had; -1: it was */
	status told;     /* what was logged of the store */
	uint64_t stored, refused;
	struct log_limit limit, strangers; /* who need no key must not use up the other */
};

/* Each does what has come up; anything but ST_OK means that the store cannot be
 * read any more. */

/* Answer handshakes. */
void intake_answer_zap(intake *in, int64_t now_ms);
/* Take in what arrived. */
status intake_drain(intake *in, int64_t now_ms);
/* Store what is due, then acknowledge it. */
status intake_store(intake *in, int64_t now_ms);
/* Learn of a new plan or registry, and tell who is connected. */
status intake_look(intake *in, int64_t now_ms);
/* While nothing else is to do: make a piece of the digest, and keep it. */
void intake_keep_digest(intake *in, int64_t now_ms);
/* Drop the connections whose time has come. */
void intake_tidy(intake *in, int64_t now_ms);
/* Log a question that gets no answer; ctx is the intake. */
void intake_report(void *ctx, const struct question_event *e);
/* Another boot id: devices say HELLO again. */
void intake_draw_boot(intake *in);
/* Give each peer its share of the credit. */
void intake_share_credit(intake *in);
