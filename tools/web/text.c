/* SPDX-License-Identifier: BSD-2-Clause */
/* text.c - see text.h */
#include "web/text.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"

static const char *const en[T_COUNT] = {
	[T_TITLE] = "Unsubscribe",
	[T_INTRO] = "Choose what you no longer want. One press is enough, and "
	    "it takes effect at once.",
	[T_ON] = "You receive this.",
	[T_OFF] = "You are unsubscribed from this.",
	[T_OFF_OTHER] = "We do not send you this at present.",
	[T_BTN_FROM] = "Unsubscribe from “$1”",
	[T_BTN_ALL] = "Unsubscribe from everything",
	[T_ALL_HEAD] = "All lists",
	[T_ALL_HINT] = "Stops every newsletter and offer from us.",
	[T_DONE_TITLE] = "You are unsubscribed",
	[T_DONE] = "We will not send you “$1” any more. A message that is "
	    "already on its way may still arrive.",
	[T_DONE_ALL] = "We will not send you newsletters or offers any more. "
	    "A message that is already on its way may still arrive.",
	[T_ALREADY] = "You were unsubscribed from “$1” already.",
	[T_NEEDED] = "Necessary mail, such as password resets and receipts, "
	    "still arrives.",
	[T_UNDO] = "Pressed by mistake?",
	[T_BTN_UNDO] = "Undo",
	[T_UNDONE_TITLE] = "Undone",
	[T_UNDONE] = "You receive everything as before.",
	[T_UNDO_LATE] = "Undo works only for a while after the press. You can "
	    "subscribe again below.",
	[T_AGAIN] = "Subscribe again",
	[T_AGAIN_LIST] = "Subscribe to “$1” again",
	[T_AGAIN_HOW] = "Enter the address that our mail came to. We send a "
	    "link there, to be sure that it is you.",
	[T_ADDRESS] = "Email address",
	[T_BTN_SEND] = "Send me the link",
	[T_SENT_TITLE] = "Check your mail",
	[T_SENT] = "If that is the right address, a message with a link is on "
	    "its way. The link works for $1 hours.",
	[T_ASK] = "The message went to several people, so this link does not "
	    "say who you are. Enter your address, and we send you a link of "
	    "your own.",
	[T_ASK_NO_MAIL] = "The message went to several people, so this link "
	    "does not say who you are. Please reply to the message and write "
	    "“unsubscribe” in the subject.",
	[T_CONFIRM_TITLE] = "Subscribe again?",
	[T_CONFIRM] = "Press the button to receive “$1” again.",
	[T_BTN_CONFIRM] = "Yes, subscribe me again",
	[T_BACK_TITLE] = "You are subscribed again",
	[T_BACK] = "From now on you receive “$1” again.",
	[T_BAD_TITLE] = "This link does not work",
	[T_BAD] = "It may have been cut off, or it is too old. Open the link "
	    "of a newer message, or reply to the message and write "
	    "“unsubscribe” in the subject.",
	[T_LATER_TITLE] = "Not possible right now",
	[T_LATER] = "Nothing was changed. Please try again in a few minutes.",
	[T_MANY_TITLE] = "Too many requests",
	[T_MAIL_AGAIN_SUBJECT] = "Please confirm: subscribe to “$1” again",
	[T_MAIL_AGAIN] = "Hello,\n\nsomebody, probably you, asked us to send "
	    "“$1” to this address again.\n\nTo confirm, open this link and "
	    "press the button:\n\n$2\n\nIf it was not you, you need do "
	    "nothing.\n",
	[T_MAIL_LINK_SUBJECT] = "Your link to unsubscribe",
	[T_MAIL_LINK] = "Hello,\n\nsomebody, probably you, asked for a link "
	    "to unsubscribe this address:\n\n$2\n\nIf it was not you, you "
	    "need do nothing.\n",
};

static const char *const zh[T_COUNT] = {
	[T_TITLE] = "退订",
	[T_INTRO] = "请选择您不想再收到的邮件。点击一次即可，立即生效。",
	[T_ON] = "您正在接收此邮件。",
	[T_OFF] = "您已退订此邮件。",
	[T_OFF_OTHER] = "我们目前不会向您发送此邮件。",
	[T_BTN_FROM] = "退订“$1”",
	[T_BTN_ALL] = "全部退订",
	[T_ALL_HEAD] = "所有邮件列表",
	[T_ALL_HINT] = "停止接收我们的所有资讯和推广邮件。",
	[T_DONE_TITLE] = "您已成功退订",
	[T_DONE] = "我们不会再向您发送“$1”。已在发送途中的邮件可能仍会送达。",
	[T_DONE_ALL] = "我们不会再向您发送资讯和推广邮件。已在发送途中的邮件可能仍会送达。",
	[T_ALREADY] = "您此前已退订“$1”。",
	[T_NEEDED] = "密码重置、收据等必要邮件仍会正常发送。",
	[T_UNDO] = "点错了？",
	[T_BTN_UNDO] = "撤销",
	[T_UNDONE_TITLE] = "已撤销",
	[T_UNDONE] = "您将照常收到所有邮件。",
	[T_UNDO_LATE] = "撤销仅在操作后的一段时间内有效。您可以在下方重新订阅。",
	[T_AGAIN] = "重新订阅",
	[T_AGAIN_LIST] = "重新订阅“$1”",
	[T_AGAIN_HOW] = "请输入您收到邮件的地址。我们会向该地址发送一个链接，以确认是您本人。",
	[T_ADDRESS] = "电子邮件地址",
	[T_BTN_SEND] = "发送链接",
	[T_SENT_TITLE] = "请查收邮件",
	[T_SENT] = "如果地址正确，一封带有链接的邮件正在发送中。链接在 $1 小时内有效。",
	[T_ASK] = "该邮件发送给了多位收件人，因此此链接无法识别您的身份。请输入您的地址，我们会向您发送专属链接。",
	[T_ASK_NO_MAIL] = "该邮件发送给了多位收件人，因此此链接无法识别您的身份。请回复该邮件，并在主题中写上“unsubscribe”。",
	[T_CONFIRM_TITLE] = "重新订阅？",
	[T_CONFIRM] = "点击按钮即可重新接收“$1”。",
	[T_BTN_CONFIRM] = "是，重新订阅",
	[T_BACK_TITLE] = "您已重新订阅",
	[T_BACK] = "从现在起，您将再次收到“$1”。",
	[T_BAD_TITLE] = "此链接无效",
	[T_BAD] = "链接可能不完整，或已过期。请打开较新邮件中的链接，或回复该邮件并在主题中写上“unsubscribe”。",
	[T_LATER_TITLE] = "暂时无法处理",
	[T_LATER] = "未作任何更改。请几分钟后再试。",
	[T_MANY_TITLE] = "请求过于频繁",
	[T_MAIL_AGAIN_SUBJECT] = "请确认：重新订阅“$1”",
	[T_MAIL_AGAIN] = "您好！\n\n有人（可能是您本人）请求我们重新向此地址发送“$1”。\n\n"
	    "如需确认，请打开以下链接并点击按钮：\n\n$2\n\n如果不是您本人操作，无需理会此邮件。\n",
	[T_MAIL_LINK_SUBJECT] = "您的退订链接",
	[T_MAIL_LINK] = "您好！\n\n有人（可能是您本人）请求获取此地址的退订链接：\n\n$2\n\n"
	    "如果不是您本人操作，无需理会此邮件。\n",
};

static const char *const de[T_COUNT] = {
	[T_TITLE] = "Abbestellen",
	[T_INTRO] = "Wählen Sie, was Sie nicht mehr erhalten möchten. Ein "
	    "Klick genügt und gilt sofort.",
	[T_ON] = "Sie erhalten diese Nachrichten.",
	[T_OFF] = "Sie haben diese Nachrichten abbestellt.",
	[T_OFF_OTHER] = "Wir senden Ihnen diese Nachrichten derzeit nicht.",
	[T_BTN_FROM] = "„$1“ abbestellen",
	[T_BTN_ALL] = "Alles abbestellen",
	[T_ALL_HEAD] = "Alle Listen",
	[T_ALL_HINT] = "Beendet alle Newsletter und Angebote von uns.",
	[T_DONE_TITLE] = "Sie sind abgemeldet",
	[T_DONE] = "Wir senden Ihnen „$1“ nicht mehr. Was schon unterwegs "
	    "ist, kann noch ankommen.",
	[T_DONE_ALL] = "Wir senden Ihnen keine Newsletter und Angebote mehr. "
	    "Was schon unterwegs ist, kann noch ankommen.",
	[T_ALREADY] = "Sie hatten „$1“ bereits abbestellt.",
	[T_NEEDED] = "Notwendige Nachrichten, etwa zum Zurücksetzen des "
	    "Passworts oder Quittungen, erhalten Sie weiterhin.",
	[T_UNDO] = "Versehentlich geklickt?",
	[T_BTN_UNDO] = "Rückgängig machen",
	[T_UNDONE_TITLE] = "Rückgängig gemacht",
	[T_UNDONE] = "Sie erhalten alles wie bisher.",
	[T_UNDO_LATE] = "Rückgängig machen geht nur eine Zeit lang. Weiter "
	    "unten können Sie sich wieder anmelden.",
	[T_AGAIN] = "Wieder anmelden",
	[T_AGAIN_LIST] = "„$1“ wieder erhalten",
	[T_AGAIN_HOW] = "Geben Sie die Adresse ein, an die unsere Nachricht "
	    "ging. Wir senden einen Link dorthin, um sicherzugehen, dass Sie "
	    "es sind.",
	[T_ADDRESS] = "E-Mail-Adresse",
	[T_BTN_SEND] = "Link zusenden",
	[T_SENT_TITLE] = "Sehen Sie in Ihr Postfach",
	[T_SENT] = "Wenn die Adresse stimmt, ist eine Nachricht mit einem "
	    "Link unterwegs. Der Link gilt $1 Stunden.",
	[T_ASK] = "Die Nachricht ging an mehrere Personen; dieser Link sagt "
	    "daher nicht, wer Sie sind. Geben Sie Ihre Adresse ein, dann "
	    "senden wir Ihnen einen eigenen Link.",
	[T_ASK_NO_MAIL] = "Die Nachricht ging an mehrere Personen; dieser "
	    "Link sagt daher nicht, wer Sie sind. Bitte antworten Sie auf die "
	    "Nachricht mit „unsubscribe“ im Betreff.",
	[T_CONFIRM_TITLE] = "Wieder anmelden?",
	[T_CONFIRM] = "Mit einem Klick erhalten Sie „$1“ wieder.",
	[T_BTN_CONFIRM] = "Ja, wieder anmelden",
	[T_BACK_TITLE] = "Sie sind wieder angemeldet",
	[T_BACK] = "Ab jetzt erhalten Sie „$1“ wieder.",
	[T_BAD_TITLE] = "Dieser Link funktioniert nicht",
	[T_BAD] = "Vielleicht ist er unvollständig oder zu alt. Öffnen Sie "
	    "den Link einer neueren Nachricht, oder antworten Sie auf die "
	    "Nachricht mit „unsubscribe“ im Betreff.",
	[T_LATER_TITLE] = "Im Moment nicht möglich",
	[T_LATER] = "Es wurde nichts geändert. Bitte versuchen Sie es in "
	    "einigen Minuten noch einmal.",
	[T_MANY_TITLE] = "Zu viele Anfragen",
	[T_MAIL_AGAIN_SUBJECT] = "Bitte bestätigen: „$1“ wieder erhalten",
	[T_MAIL_AGAIN] = "Guten Tag,\n\njemand, vermutlich Sie selbst, möchte "
	    "„$1“ an diese Adresse wieder erhalten.\n\nZur Bestätigung öffnen "
	    "Sie bitte diesen Link und klicken auf die Schaltfläche:\n\n"
	    "$2\n\nWenn Sie das nicht waren, brauchen Sie nichts zu tun.\n",
	[T_MAIL_LINK_SUBJECT] = "Ihr Link zum Abbestellen",
	[T_MAIL_LINK] = "Guten Tag,\n\njemand, vermutlich Sie selbst, hat "
	    "einen Link angefordert, um diese Adresse abzumelden:\n\n$2\n\n"
	    "Wenn Sie das nicht waren, brauchen Sie nichts zu tun.\n",
};

/* Blanks inside « » and before ; : ? are no-break ones. */
static const char *const fr[T_COUNT] = {
	[T_TITLE] = "Se désabonner",
	[T_INTRO] = "Choisissez ce que vous ne souhaitez plus recevoir. Un "
	    "seul clic suffit, avec effet immédiat.",
	[T_ON] = "Vous recevez ces messages.",
	[T_OFF] = "Vous êtes désabonné de ces messages.",
	[T_OFF_OTHER] = "Nous ne vous envoyons pas ces messages actuellement.",
	[T_BTN_FROM] = "Se désabonner de « $1 »",
	[T_BTN_ALL] = "Se désabonner de tout",
	[T_ALL_HEAD] = "Toutes les listes",
	[T_ALL_HINT] = "Arrête toutes nos lettres d’information et offres.",
	[T_DONE_TITLE] = "Vous êtes désabonné",
	[T_DONE] = "Nous ne vous enverrons plus « $1 ». Un message déjà en "
	    "route peut encore arriver.",
	[T_DONE_ALL] = "Nous ne vous enverrons plus de lettres d’information "
	    "ni d’offres. Un message déjà en route peut encore arriver.",
	[T_ALREADY] = "Vous étiez déjà désabonné de « $1 ».",
	[T_NEEDED] = "Les messages nécessaires, comme la réinitialisation "
	    "d’un mot de passe ou les reçus, vous parviendront toujours.",
	[T_UNDO] = "Un clic par erreur ?",
	[T_BTN_UNDO] = "Annuler",
	[T_UNDONE_TITLE] = "C’est annulé",
	[T_UNDONE] = "Vous recevez tout comme avant.",
	[T_UNDO_LATE] = "L’annulation n’est possible que pendant un certain "
	    "temps. Vous pouvez vous réabonner ci-dessous.",
	[T_AGAIN] = "Se réabonner",
	[T_AGAIN_LIST] = "Se réabonner à « $1 »",
	[T_AGAIN_HOW] = "Indiquez l’adresse à laquelle notre message est "
	    "arrivé. Nous y envoyons un lien, pour être sûrs qu’il s’agit de "
	    "vous.",
	[T_ADDRESS] = "Adresse e-mail",
	[T_BTN_SEND] = "Envoyer le lien",
	[T_SENT_TITLE] = "Consultez votre messagerie",
	[T_SENT] = "Si l’adresse est la bonne, un message contenant un lien "
	    "est en route. Le lien est valable $1 heures.",
	[T_ASK] = "Le message a été envoyé à plusieurs personnes ; ce lien ne "
	    "dit donc pas qui vous êtes. Indiquez votre adresse et nous vous "
	    "enverrons un lien personnel.",
	[T_ASK_NO_MAIL] = "Le message a été envoyé à plusieurs personnes ; ce "
	    "lien ne dit donc pas qui vous êtes. Veuillez répondre au message "
	    "en écrivant « unsubscribe » dans l’objet.",
	[T_CONFIRM_TITLE] = "Se réabonner ?",
	[T_CONFIRM] = "Cliquez sur le bouton pour recevoir de nouveau "
	    "« $1 ».",
	[T_BTN_CONFIRM] = "Oui, me réabonner",
	[T_BACK_TITLE] = "Vous êtes réabonné",
	[T_BACK] = "Vous recevrez de nouveau « $1 ».",
	[T_BAD_TITLE] = "Ce lien ne fonctionne pas",
	[T_BAD] = "Il est peut-être incomplet ou trop ancien. Ouvrez le lien "
	    "d’un message plus récent, ou répondez au message en écrivant "
	    "« unsubscribe » dans l’objet.",
	[T_LATER_TITLE] = "Impossible pour le moment",
	[T_LATER] = "Rien n’a été modifié. Veuillez réessayer dans quelques "
	    "minutes.",
	[T_MANY_TITLE] = "Trop de demandes",
	[T_MAIL_AGAIN_SUBJECT] = "À confirmer : réabonnement à « $1 »",
	[T_MAIL_AGAIN] = "Bonjour,\n\nquelqu’un, sans doute vous, souhaite "
	    "recevoir de nouveau « $1 » à cette adresse.\n\nPour confirmer, "
	    "ouvrez ce lien et cliquez sur le bouton :\n\n$2\n\nSi ce n’était "
	    "pas vous, vous n’avez rien à faire.\n",
	[T_MAIL_LINK_SUBJECT] = "Votre lien de désabonnement",
	[T_MAIL_LINK] = "Bonjour,\n\nquelqu’un, sans doute vous, a demandé un "
	    "lien pour désabonner cette adresse :\n\n$2\n\nSi ce n’était pas "
	    "vous, vous n’avez rien à faire.\n",
};

static const char *const es[T_COUNT] = {
	[T_TITLE] = "Cancelar suscripción",
	[T_INTRO] = "Elija lo que ya no desea recibir. Basta con pulsar una "
	    "vez y tiene efecto inmediato.",
	[T_ON] = "Usted recibe estos mensajes.",
	[T_OFF] = "Ha cancelado la suscripción a estos mensajes.",
	[T_OFF_OTHER] = "Actualmente no le enviamos estos mensajes.",
	[T_BTN_FROM] = "Cancelar la suscripción a «$1»",
	[T_BTN_ALL] = "Cancelar todas las suscripciones",
	[T_ALL_HEAD] = "Todas las listas",
	[T_ALL_HINT] = "Detiene todos nuestros boletines y ofertas.",
	[T_DONE_TITLE] = "Suscripción cancelada",
	[T_DONE] = "Ya no le enviaremos «$1». Es posible que aún llegue algún "
	    "mensaje que ya esté en camino.",
	[T_DONE_ALL] = "Ya no le enviaremos boletines ni ofertas. Es posible "
	    "que aún llegue algún mensaje que ya esté en camino.",
	[T_ALREADY] = "Ya había cancelado la suscripción a «$1».",
	[T_NEEDED] = "Los mensajes necesarios, como el restablecimiento de la "
	    "contraseña o los recibos, seguirán llegando.",
	[T_UNDO] = "¿Ha pulsado por error?",
	[T_BTN_UNDO] = "Deshacer",
	[T_UNDONE_TITLE] = "Deshecho",
	[T_UNDONE] = "Seguirá recibiendo todo como antes.",
	[T_UNDO_LATE] = "Solo se puede deshacer durante un tiempo. Puede "
	    "volver a suscribirse más abajo.",
	[T_AGAIN] = "Volver a suscribirse",
	[T_AGAIN_LIST] = "Volver a suscribirse a «$1»",
	[T_AGAIN_HOW] = "Escriba la dirección en la que recibió nuestro "
	    "mensaje. Le enviaremos allí un enlace para asegurarnos de que es "
	    "usted.",
	[T_ADDRESS] = "Correo electrónico",
	[T_BTN_SEND] = "Enviar el enlace",
	[T_SENT_TITLE] = "Revise su correo",
	[T_SENT] = "Si la dirección es correcta, un mensaje con un enlace va "
	    "en camino. El enlace es válido durante $1 horas.",
	[T_ASK] = "El mensaje se envió a varias personas, por lo que este "
	    "enlace no indica quién es usted. Escriba su dirección y le "
	    "enviaremos un enlace personal.",
	[T_ASK_NO_MAIL] = "El mensaje se envió a varias personas, por lo que "
	    "este enlace no indica quién es usted. Responda al mensaje y "
	    "escriba «unsubscribe» en el asunto.",
	[T_CONFIRM_TITLE] = "¿Volver a suscribirse?",
	[T_CONFIRM] = "Pulse el botón para volver a recibir «$1».",
	[T_BTN_CONFIRM] = "Sí, volver a suscribirme",
	[T_BACK_TITLE] = "Vuelve a estar suscrito",
	[T_BACK] = "A partir de ahora volverá a recibir «$1».",
	[T_BAD_TITLE] = "Este enlace no funciona",
	[T_BAD] = "Puede que esté incompleto o que sea demasiado antiguo. Abra "
	    "el enlace de un mensaje más reciente, o responda al mensaje y "
	    "escriba «unsubscribe» en el asunto.",
	[T_LATER_TITLE] = "No es posible en este momento",
	[T_LATER] = "No se ha cambiado nada. Inténtelo de nuevo dentro de unos "
	    "minutos.",
	[T_MANY_TITLE] = "Demasiadas solicitudes",
	[T_MAIL_AGAIN_SUBJECT] = "Confirme: volver a suscribirse a «$1»",
	[T_MAIL_AGAIN] = "Hola:\n\nAlguien, probablemente usted, ha pedido "
	    "volver a recibir «$1» en esta dirección.\n\nPara confirmarlo, "
	    "abra este enlace y pulse el botón:\n\n$2\n\nSi no ha sido usted, "
	    "no tiene que hacer nada.\n",
	[T_MAIL_LINK_SUBJECT] = "Su enlace para cancelar la suscripción",
	[T_MAIL_LINK] = "Hola:\n\nAlguien, probablemente usted, ha pedido un "
	    "enlace para cancelar la suscripción de esta dirección:\n\n"
	    "$2\n\nSi no ha sido usted, no tiene que hacer nada.\n",
};

static const char *const ja[T_COUNT] = {
	[T_TITLE] = "配信停止",
	[T_INTRO] = "今後受け取らないメールをお選びください。一度押すだけで、すぐに反映されます。",
	[T_ON] = "このメールは配信中です。",
	[T_OFF] = "このメールは配信停止済みです。",
	[T_OFF_OTHER] = "現在、このメールはお送りしていません。",
	[T_BTN_FROM] = "「$1」の配信を停止する",
	[T_BTN_ALL] = "すべての配信を停止する",
	[T_ALL_HEAD] = "すべてのメール",
	[T_ALL_HINT] = "ニュースレターやご案内のメールをすべて停止します。",
	[T_DONE_TITLE] = "配信を停止しました",
	[T_DONE] = "今後「$1」はお送りしません。すでに送信済みのメールは届く場合があります。",
	[T_DONE_ALL] = "今後、ニュースレターやご案内のメールはお送りしません。すでに送信済みのメールは届く場合があります。",
	[T_ALREADY] = "「$1」はすでに配信停止済みです。",
	[T_NEEDED] = "パスワードの再設定や領収書など、必要なメールは引き続き届きます。",
	[T_UNDO] = "間違えて押しましたか？",
	[T_BTN_UNDO] = "元に戻す",
	[T_UNDONE_TITLE] = "元に戻しました",
	[T_UNDONE] = "これまでどおりメールをお届けします。",
	[T_UNDO_LATE] = "元に戻せるのは操作後しばらくの間だけです。下から再登録できます。",
	[T_AGAIN] = "再登録する",
	[T_AGAIN_LIST] = "「$1」を再登録する",
	[T_AGAIN_HOW] = "メールが届いたアドレスを入力してください。ご本人確認のため、そのアドレスにリンクをお送りします。",
	[T_ADDRESS] = "メールアドレス",
	[T_BTN_SEND] = "リンクを送る",
	[T_SENT_TITLE] = "メールをご確認ください",
	[T_SENT] = "アドレスが正しければ、リンクを記載したメールが届きます。リンクの有効期間は$1時間です。",
	[T_ASK] = "このメールは複数の方に送られたため、このリンクではどなたか分かりません。アドレスを入力いただければ、専用のリンクをお送りします。",
	[T_ASK_NO_MAIL] = "このメールは複数の方に送られたため、このリンクではどなたか分かりません。件名に「unsubscribe」と書いて、メールに返信してください。",
	[T_CONFIRM_TITLE] = "再登録しますか？",
	[T_CONFIRM] = "ボタンを押すと、「$1」の配信を再開します。",
	[T_BTN_CONFIRM] = "はい、再登録します",
	[T_BACK_TITLE] = "再登録しました",
	[T_BACK] = "今後は「$1」をふたたびお届けします。",
	[T_BAD_TITLE] = "このリンクは使えません",
	[T_BAD] = "リンクが途中で切れているか、古すぎる可能性があります。新しいメールのリンクを開くか、件名に「unsubscribe」と書いてメールに返信してください。",
	[T_LATER_TITLE] = "現在ご利用いただけません",
	[T_LATER] = "何も変更されていません。数分後にもう一度お試しください。",
	[T_MANY_TITLE] = "リクエストが多すぎます",
	[T_MAIL_AGAIN_SUBJECT] = "ご確認ください：「$1」の再登録",
	[T_MAIL_AGAIN] = "このアドレスへの「$1」の配信を再開してほしいとの依頼を受け付けました。\n\n"
	    "ご本人の場合は、次のリンクを開いてボタンを押してください。\n\n$2\n\n"
	    "お心当たりがない場合は、このメールを無視してください。\n",
	[T_MAIL_LINK_SUBJECT] = "配信停止用のリンク",
	[T_MAIL_LINK] = "このアドレスの配信停止用リンクの依頼を受け付けました。\n\n$2\n\n"
	    "お心当たりがない場合は、このメールを無視してください。\n",
};

static const struct {
	const char		*prefix;	/* primary subtag */
	const char		*tag;
	const char *const	*texts;
} langs[WEB_LANGS] = {
	[LANG_EN] = { "en", "en", en },
	[LANG_ZH] = { "zh", "zh-Hans", zh },
	[LANG_DE] = { "de", "de", de },
	[LANG_FR] = { "fr", "fr", fr },
	[LANG_ES] = { "es", "es", es },
	[LANG_JA] = { "ja", "ja", ja },
};

const char *
text_of(enum lang l, enum text t)
{
	return langs[l].texts[t];
}

const char *
lang_tag(enum lang l)
{
	return langs[l].tag;
}

/* quality - ";q=0.8" as thousandths; 1000 when it is not there, -1 broken */
static int
quality(const char *p, const char *end)
{
	int	q, unit;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == end)
		return 1000;
	if (*p++ != ';')
		return -1;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (end - p < 3 || (*p != 'q' && *p != 'Q') || p[1] != '=' ||
	    (p[2] != '0' && p[2] != '1'))
		return -1;
	q = (p[2] - '0') * 1000;
	p += 3;
	if (p < end && *p == '.')
		for (p++, unit = 100; p < end && *p >= '0' && *p <= '9';
		    p++, unit /= 10)
			q += (*p - '0') * unit;
	return q > 1000 ? 1000 : q;
}

enum lang
lang_choose(const char *accept)
{
	const char	*p = accept, *end, *tag;
	enum lang	 best = LANG_EN, l;
	int		 best_q = 0, q;
	size_t		 n;

	while (p != NULL && *p != '\0') {
		while (*p == ' ' || *p == '\t' || *p == ',')
			p++;
		tag = p;
		while (*p != '\0' && *p != ',')
			p++;
		end = p;
		n = 0;
		while (tag + n < end && tag[n] != '-' && tag[n] != ';' &&
		    tag[n] != ' ' && tag[n] != '\t')
			n++;
		for (l = 0; l < WEB_LANGS; l++)
			if (n == 2 && strncasecmp(tag, langs[l].prefix, 2) == 0)
				break;
		if (l == WEB_LANGS)
			continue;
		while (tag + n < end && tag[n] != ';')
			n++;
		if ((q = quality(tag + n, end)) > best_q) {
			best = l;
			best_q = q;
		}
	}
	return best;
}
