// File exchange with the loyalty agent, for 1C:Enterprise 8.3 and BAS. Not run by the tests.
//
// Answer = LoyaltyCall("D:\exchange\till-1", "GET /v1/status", Undefined);
// If Answer = Undefined Then // no answer in time: sell without the programme
// ElsIf Answer.status >= 300 Then // Answer.cashier_message is for the cashier
// Else // Answer.body

Function LoyaltyCall(Folder, Request, Body, Name = "", TimeoutMs = 1500) Export

	If Name = "" Then
		Name = StrReplace(String(New UUID), "-", "");
	EndIf;
	Base = Folder + GetPathSeparator() + Name;

	Question = New Structure("request", Request);
	If Body <> Undefined Then
		Question.Insert("body", Body);
	EndIf;
	Writer = New JSONWriter;
	Writer.SetString();
	WriteJSON(Writer, Question);

	Text = New TextDocument;
	Text.SetText(Writer.Close());
	Text.Write(Base + ".tmp", "UTF-8");
	MoveFile(Base + ".tmp", Base + ".req");

	End = CurrentUniversalDateInMilliseconds() + TimeoutMs;
	While CurrentUniversalDateInMilliseconds() < End Do
		For Each Ending In StrSplit(".resp,.err", ",") Do
			If FindFiles(Folder, Name + Ending).Count() > 0 Then
				Reader = New JSONReader;
				Reader.OpenFile(Base + Ending, "UTF-8");
				Answer = ReadJSON(Reader);
				Reader.Close();
				DeleteFiles(Base + Ending);
				Return Answer;
			EndIf;
		EndDo;
	EndDo;

	DeleteFiles(Base + ".req"); // the till goes on; asked later it would be out of date
	Return Undefined;

EndFunction
