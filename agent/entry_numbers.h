/* agent/entry_numbers.h - percentages and amounts of money as people type them
 *
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* "62.5", "62,5", "62.55 %": at most two decimals, as hundredths of a percent.
 * False: it is none, or over 100. */
bool entry_percent(const char *text, uint64_t *ret_percent);

/* What is wrong with an amount. */
typedef enum money_fault {
	MONEY_RIGHT,
	MONEY_NEGATIVE,
	MONEY_FRACTION,  /* "1.234.567,50": whole pesos are wanted */
	MONEY_AMBIGUOUS, /* "1,234": thousands here, a decimal there */
	MONEY_TOO_MUCH,  /* over MONEY_MAX */
	MONEY_NO_NUMBER,
} money_fault;

/* Whole pesos: digits, or groups of three digits parted by '.', "'" or both (1.234.567,
 * 1'234.567), by blanks, or, from two on, by ',' (1,234,567).  *ret_pesos is
 * written for MONEY_RIGHT only. */
money_fault entry_money(const char *text, uint64_t *ret_pesos);
