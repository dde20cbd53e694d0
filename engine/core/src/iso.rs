//! Codes that name countries and currencies. A code of the right shape may be a slip ("UK", "EURO" cut short), so the lists
//! themselves are asked.

/// ISO 3166-1 alpha-2, and three that telephone numbers have beyond it: AC (Ascension), TA (Tristan da Cunha), XK (Kosovo).
/// In order, with blanks between.
const COUNTRIES: &str = "AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
     BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG \
     EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR \
     HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR \
     LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG \
     NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE \
     SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ \
     UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// ISO 4217: what is paid with. In order, with blanks between.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
     CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
     GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW \
     KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN \
     NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD \
     SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW \
     UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Whether it is the code of a country, in capitals.
pub fn is_country(code: &str) -> bool {
    is_one_of(COUNTRIES, code)
}

/// Whether it is the code of a currency, in capitals.
pub fn is_currency(code: &str) -> bool {
    is_one_of(CURRENCIES, code)
}

fn is_one_of(codes: &str, code: &str) -> bool {
    codes.split(' ').any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_lists() {
        for code in ["AD", "FR", "GB", "US", "XK", "ZW"] {
            assert!(is_country(code), "{code}");
        }
        for code in ["", " ", "XX", "UK", "fr", "FRA", "F", "FR DE", "ZZ"] {
            assert!(!is_country(code), "{code}");
        }
        for code in ["AED", "EUR", "USD", "ZWG"] {
            assert!(is_currency(code), "{code}");
        }
        // No money, or none any more.
        for code in ["", "ABC", "eur", "EU", "XXX", "XAU", "DEM"] {
            assert!(!is_currency(code), "{code}");
        }
    }

    #[test]
    fn the_lists_are_lists() {
        for (codes, length, count) in [(COUNTRIES, 2, 249 + 3), (CURRENCIES, 3, 165)] {
            let codes: Vec<&str> = codes.split(' ').collect();
            assert_eq!(codes.len(), count);
            assert!(codes.is_sorted_by(|a, b| a < b), "each once, in order");
            assert!(
                codes.iter().all(|code| code.len() == length && code.bytes().all(|b| b.is_ascii_uppercase()))
            );
        }
    }
}
